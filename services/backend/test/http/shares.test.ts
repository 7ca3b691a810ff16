// One account that asks much at once, and another one that asks once.
import { describe, expect, it } from "@jest/globals";
import { registered, testApp } from "../world/app.js";
import { memoryStores } from "../world/memory.js";
import { until } from "../world/process.js";

const today = "/api/meals?date=2026-11-28";

function heldApp() {
  const stores = memoryStores();
  const started: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const listOn: typeof stores.meals.listOn = async (...given) => {
    started.push(given[0]);
    if (started.length <= 3) await gate;
    return stores.meals.listOn(...given);
  };
  const environment = { REQUEST_TIMEOUT_MS: "120000", RATE_LIMIT_PER_MINUTE: "1000" };
  const meals = { ...stores.meals, listOn };
  const app = testApp({ environment, ports: { ...stores, meals } });
  return { app, started, open, stores };
}

describe("an account", () => {
  it("has_three_requests_under_way_and_keeps_nobody_else_waiting", async () => {
    const { app, started, open, stores } = heldApp();
    const [ada, bob] = [await registered({ stores }), await registered({ stores })];
    const asked = Array.from({ length: 8 }, () =>
      app.agent
        .get(today)
        .set(ada.headers)
        .then((it) => it),
    );
    await until("three are under way", () => Promise.resolve(started.length === 3));
    await app.agent.get(today).set(bob.headers).expect(200);
    expect(started).toHaveLength(4);
    open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(started).toHaveLength(9);
  });

  it("is_told_to_come_again_where_more_wait_than_anybody_needs", async () => {
    const { app, started, open, stores } = heldApp();
    const { headers } = await registered({ stores });
    const refused: Record<string, unknown>[] = [];
    const asked = Array.from({ length: 40 }, async () => {
      const answer = await app.agent.get(today).set(headers);
      if (answer.status === 429) refused.push(answer.headers);
      return answer.status;
    });
    // Three are under way, and thirty wait.
    await until("the others are refused", () => Promise.resolve(refused.length === 7));
    expect(started).toHaveLength(3);
    open();
    const answers = await Promise.all(asked);
    expect(answers.filter((status) => status === 200)).toHaveLength(33);
    for (const answer of refused) expect(answer["retry-after"]).toBe("1");
  });
});
