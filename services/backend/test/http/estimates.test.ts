// What words amount to over HTTP, and what else they may mean.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MemoryStore } from "express-rate-limit";
import { describe, expect, it } from "@jest/globals";
import { alwaysEstimates, noEstimate, registered, testApp, type LoggedIn } from "../world/app.js";
import { until } from "../world/process.js";
import { sharedEstimator } from "../../src/domain/estimate-shares.js";
import type { Estimate, Estimator } from "../../src/domain/estimates.js";
import { noNutrients } from "../../src/domain/nutrients.js";
import { estimateCall } from "../../src/http/estimates.js";
import { estimateAllowance } from "../../src/http/limits.js";
import { cachedEstimator } from "../../src/store/estimate-cache.js";

const candidateOf = (id: string, confidence: number) => ({
  food: { id, name: id, source: "test" },
  confidence,
});
const three = [candidateOf("oats", 0.8), candidateOf("rice", 0.1), candidateOf("rye", 0.05)];
const nutrients = { ...noNutrients, kcal: 350 };
const item = { ...candidateOf("oats", 0.8), grams: 90, nutrients, text: "porridge" };
const porridge: Estimate = {
  ...noEstimate,
  items: [{ ...item, candidates: three }],
  unknown: ["zzz"],
  guesses: [{ text: "zzz", candidates: three }],
  total: nutrients,
};

async function asked(estimator: ReturnType<typeof alwaysEstimates> | undefined, body: object) {
  const app = testApp({ ports: { ...(estimator && { estimator }) } });
  const { headers } = await registered(app);
  const response = await app.agent.post("/api/estimates").set(headers).send(body);
  return { status: response.status, body: response.body as unknown };
}

describe("an estimate", () => {
  it.each([0, 1, 2, 3])("lists_the_%i_likeliest_foods_where_asked_to", async (candidates) => {
    const { status, body } = await asked(alwaysEstimates(porridge), { text: "x", candidates });
    const likeliest = three.slice(0, candidates);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...porridge,
      items: [{ ...item, candidates: likeliest }],
      guesses: [{ text: "zzz", candidates: likeliest }],
    });
  });

  it("lists_no_candidates_where_nobody_asks_for_them", async () => {
    const { body } = await asked(alwaysEstimates(porridge), { text: "porridge and zzz" });
    expect(body).toMatchObject({ items: [{ candidates: [] }], guesses: [{ candidates: [] }] });
  });

  it("that_cannot_be_had_is_unavailable", async () => {
    const { status, body } = await asked(undefined, { text: "porridge" });
    expect(status).toBe(503);
    expect(body).toMatchObject({ error: { code: "unavailable" } });
  });

  it("of_words_that_nobody_can_estimate_says_why", async () => {
    const { status, body } = await asked(alwaysEstimates({ unreadable: "too much" }), {
      text: "porridge",
    });
    expect(status).toBe(400);
    const details = [{ path: "body.text", message: "too much" }];
    expect(body).toMatchObject({ error: { code: "invalid_request", details } });
  });

  it.each([
    ["body.candidates", { text: "porridge", candidates: 4 }],
    ["body.candidates", { text: "porridge", candidates: -1 }],
    ["body.candidates", { text: "porridge", candidates: 1.5 }],
    ["body.candidates", { text: "porridge", candidates: "3" }],
    ["body.text", { text: "  " }],
    ["body.text", { text: "x".repeat(1001) }],
    ["body.text", { text: "egg \ud800" }],
    ["body.text", { candidates: 1 }],
    ["body", { text: "porridge", top: 3 }],
  ])("is_refused_when_%s_is_wrong", async (path, sent) => {
    const { status, body } = await asked(alwaysEstimates(porridge), sent);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { details: [{ path }] } });
  });

  it("is_for_users", async () => {
    await testApp().agent.post("/api/estimates").send({ text: "porridge" }).expect(401);
  });
});

describe("estimates of one account", () => {
  const date = "2026-11-23";

  function appWith(estimator: Estimator, limit: number) {
    const allowance = estimateAllowance(limit, new MemoryStore());
    const shared = sharedEstimator(estimator, { atOnceMax: 2, allowance });
    const app = testApp({ ports: { estimator: shared } });
    const ask = (user: LoggedIn, text: string) =>
      app.agent.post("/api/estimates").set(user.headers).send({ text });
    return { app, ask };
  }

  it("are_two_at_once_and_the_third_is_told_to_come_again_while_others_are_served", async () => {
    const open: (() => void)[] = [];
    const estimator: Estimator = {
      estimate: (text) =>
        new Promise((resolve) => {
          open.push(() => {
            resolve(porridge);
          });
          if (text === "of bob") open.pop()?.();
        }),
    };
    const { app, ask } = appWith(estimator, 100);
    const [ada, bob] = [await registered(app), await registered(app)];
    const first = ["a", "b"].map((text) => ask(ada, text).then(({ status }) => status));
    await until("both are under way", () => Promise.resolve(open.length === 2));
    const third = ask(ada, "c").then((response) => response);
    await ask(bob, "of bob").expect(200);
    const refused = await third;
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.body).toMatchObject({ error: { code: "too_many_requests" } });
    expect(open).toHaveLength(2);
    for (const answer of open) answer();
    expect(await Promise.all(first)).toEqual([200, 200]);
  });

  it("are_limited_by_the_minute_and_each_account_by_itself", async () => {
    const { app, ask } = appWith(alwaysEstimates(porridge), 2);
    const [ada, bob] = [await registered(app), await registered(app)];
    await ask(ada, "a").expect(200);
    await ask(ada, "b").expect(200);
    const response = await ask(ada, "c").expect(429);
    expect(response.body).toMatchObject({ error: { code: "too_many_requests" } });
    const seconds = Number(response.headers["retry-after"]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    await ask(bob, "c").expect(200);
  });

  it("count_for_a_day_as_well_and_what_is_beyond_is_named_as_missing", async () => {
    const { app, ask } = appWith(alwaysEstimates(porridge), 2);
    const ada = await registered(app);
    for (const description of ["soup", "stew", "pie"])
      await app.agent.post("/api/meals").set(ada.headers).send({ eaten_on: date, description });
    const summary = await app.agent.get("/api/summary").query({ date }).set(ada.headers);
    expect(summary.status).toBe(200);
    expect(summary.body).toMatchObject({ estimates: "partial", estimated: { kcal: 700 } });
    expect((summary.body as { unestimated_meal_ids: string[] }).unestimated_meal_ids).toHaveLength(
      1,
    );
    await ask(ada, "d").expect(429);
  });

  it("are_free_where_they_are_remembered", async () => {
    const slots = new Map<string, string>();
    const cache = {
      get: (slot: string) => Promise.resolve(slots.get(slot)),
      set: (slot: string, text: string) => Promise.resolve(void slots.set(slot, text)),
    };
    const allowance = estimateAllowance(1, new MemoryStore());
    const shared = sharedEstimator(alwaysEstimates(porridge), { atOnceMax: 2, allowance });
    const estimator = cachedEstimator(shared, cache, { release: () => "" });
    const app = testApp({ ports: { estimator } });
    const { headers } = await registered(app);
    const ask = (text: string) => app.agent.post("/api/estimates").set(headers).send({ text });
    for (let count = 0; count < 3; count++) await ask("soup").expect(200);
    await ask("stew").expect(429);
  });
});

describe("the time of an estimate", () => {
  it("is_over_though_memory_was_tidied_up_meanwhile", async () => {
    setFlagsFromString("--expose-gc");
    const tidyUp = runInNewContext("gc") as () => void;
    const deadline = { signal: new AbortController().signal, remainingMs: () => 60_000 };
    const over = (() => {
      const { signal } = estimateCall("me", "test", deadline, () => performance.now());
      return new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    tidyUp();
    await over;
  });

  it("is_over_with_the_request", () => {
    const request = new AbortController();
    const deadline = { signal: request.signal, remainingMs: () => 60_000 };
    const before = estimateCall("me", "test", deadline, () => 0);
    expect(before.signal.aborted).toBe(false);
    expect(before.remainingMs()).toBe(2_000);
    request.abort();
    expect(before.signal.aborted).toBe(true);
    expect(estimateCall("me", "test", deadline, () => 0).signal.aborted).toBe(true);
  });
});
