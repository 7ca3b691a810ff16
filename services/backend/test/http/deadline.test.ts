// No request is left waiting, and work for it is told when nobody waits any more.
import type { Server } from "node:http";
import { describe, expect, it } from "@jest/globals";
import type { EstimateCall } from "../../src/domain/estimates.js";
import { registered, testApp } from "../world/app.js";
import { memoryStores } from "../world/memory.js";
import { until } from "../world/process.js";

const environment = { REQUEST_TIMEOUT_MS: "100" };

describe("a request", () => {
  it("that_takes_too_long_is_answered_by_503_and_its_late_end_is_ignored", async () => {
    const stores = memoryStores();
    const late: (() => void)[] = [];
    const search = () =>
      new Promise<never>((_, reject) => {
        late.push(() => {
          reject(new Error("too late to matter"));
        });
      });
    const ports = { ...stores, foods: { ...stores.foods, search } };
    const app = testApp({ environment, ports });
    const user = await registered({ stores });
    const response = await app.agent.get("/api/foods").set(user.headers).expect(503);
    expect(response.body).toMatchObject({ error: { code: "too_slow" } });
    expect(response.headers["retry-after"]).toBe("1");
    for (const end of late) end();
    await app.agent.get("/api/users/me").set(user.headers).expect(200);
    expect(app.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("passes_on_how_long_it_may_take_and_when_nobody_waits", async () => {
    const calls: EstimateCall[] = [];
    const remaining: number[] = [];
    const estimate = (_text: string, call: EstimateCall) => {
      calls.push(call);
      remaining.push(call.remainingMs());
      return new Promise<undefined>((resolve) => {
        call.signal.addEventListener("abort", () => {
          resolve(undefined);
        });
      });
    };
    const app = testApp({ environment, ports: { estimator: { estimate } } });
    const user = await registered(app);
    const meal = { eaten_on: "2026-11-23", description: "porridge" };
    await app.agent.post("/api/meals").set(user.headers).send(meal).expect(201);
    await app.agent.get("/api/summary?date=2026-11-23").set(user.headers).expect(503);
    expect(remaining[0]).toBeGreaterThan(0);
    expect(remaining[0]).toBeLessThanOrEqual(100);
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("that_is_abandoned_ends_what_is_done_for_it", async () => {
    const signals: AbortSignal[] = [];
    const estimate = (_text: string, { signal }: EstimateCall) => {
      signals.push(signal);
      return new Promise<undefined>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve(undefined);
        });
      });
    };
    const app = testApp({ ports: { estimator: { estimate } } });
    const { headers } = await registered(app);
    const asked = app.agent.post("/api/estimates").set(headers).send({ text: "porridge" });
    asked.end(() => undefined);
    await until("it is under way", () => Promise.resolve(signals.length === 1));
    asked.abort();
    await until("it is told", () => Promise.resolve(signals[0]?.aborted === true));
    // Not because its own time was over, which is another reason.
    expect(signals[0]?.reason).toMatchObject({ name: "AbortError" });
    // Supertest ends its server with the answer, and there is none.
    (asked as unknown as { readonly _server: Server })._server.close();
  });
});
