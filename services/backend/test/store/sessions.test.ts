// Sessions in Redis, and what is said when there is no Redis.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openRedis, type Redis } from "../../src/store/redis.js";
import { sessionStore } from "../../src/store/sessions.js";
import { until } from "../world/process.js";
import { describeWithRedis, startRedis, type TestRedis } from "../world/redis.js";
import { sessionFacts, sessionTimes } from "./facts.js";

describeWithRedis("sessions in Redis", () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url, () => undefined);
    await until("Redis answers", () => redis.ping().then(() => true));
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });

  sessionFacts(() => sessionStore(redis, () => new Date()));
  sessionTimes((now) => sessionStore(redis, now));
});

describe("sessions without Redis", () => {
  it("are_refused_by_name", async () => {
    const away = () => Promise.reject(new Error("away"));
    const sessions = sessionStore({ run: away, get: away }, () => new Date());
    const refusal = { kind: "unavailable", code: "unavailable" };
    await expect(sessions.open("u", "s", "d")).rejects.toMatchObject(refusal);
    await expect(sessions.rotate("u", "s", "d", "e")).rejects.toMatchObject(refusal);
    await expect(sessions.endAll("u")).rejects.toMatchObject(refusal);
    await expect(sessions.hasEnded("u", "s")).rejects.toMatchObject(refusal);
  });
});
