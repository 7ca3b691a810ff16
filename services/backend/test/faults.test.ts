// What is told about faults, and what is not.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { noFaults, openFaults, type Faults } from "../src/faults.js";
import { memoryStores } from "./world/memory.js";
import { registered, testApp } from "./world/app.js";
import { startSentry, type TestSentry } from "./world/sentry.js";

const told = { release: "nutri-backend@1.2.3", sentryEnvironment: "test", sentrySampleRate: 1 };

describe("faults", () => {
  let sentry: TestSentry;
  let faults: Faults;
  beforeEach(async () => {
    sentry = await startSentry();
    faults = await openFaults({ ...told, sentryDsn: sentry.dsn });
  });
  afterEach(() => sentry.stop());

  it("are_told_with_release_environment_request_route_and_the_id_of_who_asked", async () => {
    const stores = memoryStores();
    const foods = { ...stores.foods, search: () => Promise.reject(new TypeError("a bug")) };
    const { agent } = testApp({ ports: { ...stores, foods, faults } });
    const user = await registered({ stores });
    await agent.get("/api/foods?q=soup").set(user.headers).set("x-request-id", "r-1").expect(500);
    await faults.flush();
    expect(sentry.events).toMatchObject([
      {
        release: "nutri-backend@1.2.3",
        environment: "test",
        platform: "node",
        user: { id: user.id },
        tags: { request_id: "r-1", route: "GET /api/foods" },
        exception: { values: [{ type: "TypeError", value: "a bug" }] },
      },
    ]);
    const frames = sentry.events[0]?.exception?.values[0]?.stacktrace?.frames ?? [];
    expect(frames.at(-1)?.filename).toContain("faults.test.ts");
    expect(sentry.said()).not.toContain(user.email);
    expect(sentry.said()).not.toContain(user.headers.authorization.slice(7));
    expect(sentry.said()).not.toContain("soup");
  });

  it("keep_their_secrets", async () => {
    const cause = new Error("cannot connect to postgresql://nutri:hunter2@db/nutri");
    const fields = { config: { password: "hunter2" }, email: "ada@nutri.example" };
    const message = "no row for ada@nutri.example with token=hunter2-token";
    faults.report(Object.assign(new Error(message, { cause }), fields));
    await faults.flush();
    const [event] = sentry.events;
    expect(event?.exception?.values).toHaveLength(2);
    expect(sentry.said()).not.toMatch(/hunter2|ada@nutri/);
    expect(event).not.toHaveProperty("server_name");
  });

  it("are_told_once_when_the_same_one_comes_twice_in_a_row", async () => {
    const error = new Error("again");
    faults.report(error);
    faults.report(error);
    await faults.flush();
    expect(sentry.events).toHaveLength(1);
  });

  it("are_told_each_time_when_others_come_upon_the_same_bug", async () => {
    for (let user = 0; user < 3; user += 1)
      faults.report(new TypeError("a bug"), { userId: `user-${String(user)}` });
    await faults.flush();
    expect(sentry.events).toHaveLength(3);
  });

  it("are_only_those_of_ours", async () => {
    const { agent } = testApp({ ports: { faults } });
    await agent.get("/api/foods").expect(401);
    await agent.get("/api/nothing").expect(404);
    await agent.post("/api/auth/login").send({}).expect(400);
    await faults.flush();
    expect(sentry.events).toEqual([]);
  });

  it("are_told_to_nobody_when_none_is_sampled", async () => {
    const none = await openFaults({ ...told, sentrySampleRate: 0, sentryDsn: sentry.dsn });
    none.report(new Error("unlucky"));
    await none.flush();
    expect(sentry.events).toEqual([]);
  });

  it("are_not_waited_for_when_nobody_listens", async () => {
    await sentry.stop();
    faults.report(new Error("lost"));
    await faults.flush();
    sentry = await startSentry();
  });
});

describe("without a DSN", () => {
  it("nothing_is_told", async () => {
    const faults = await openFaults({ ...told, sentryDsn: undefined });
    expect(faults).toBe(noFaults);
    faults.report(new Error("kept"));
    await faults.flush();
  });
});
