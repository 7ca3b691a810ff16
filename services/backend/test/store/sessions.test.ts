// Sessions in Redis, and what is said when there is no Redis.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openRedis, type Redis } from "../../src/store/redis.js";
import { sessionStore } from "../../src/store/sessions.js";
import { until } from "../world/process.js";
import {
  describeWithOwnRedis,
  describeWithRedis,
  startOwnRedis,
  startRedis,
  withRedis,
  type TestRedis,
} from "../world/redis.js";
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

describeWithRedis("the token before", () => {
  it("is_good_no_longer_than_for_a_moment", async () => {
    const server = await startRedis();
    try {
      await withRedis(server.url, async (redis) => {
        const [user, id] = [randomUUID(), randomUUID()];
        const sessions = sessionStore(redis, () => new Date(), { againMs: 1 });
        await sessions.open(user, id, "first");
        await sessions.rotate(user, id, "first", "second");
        const kept = `exchanged:${user}:${id}`;
        await until("it is over", async () => (await redis.get(kept)) === undefined);
        expect(await sessions.rotate(user, id, "first", "third")).toBe("reused");
      });
    } finally {
      await server.stop();
    }
  });
});

describeWithRedis("an exchange that another one has overtaken", () => {
  it("does_not_end_the_session", async () => {
    const server = await startRedis();
    try {
      await withRedis(server.url, async (redis) => {
        let ms = Date.now();
        const [user, id] = [randomUUID(), randomUUID()];
        const sessions = sessionStore(redis, () => new Date(ms), { againMs: 1 });
        await sessions.open(user, id, "first");
        expect(await sessions.rotate(user, id, "first", "second")).toBe("rotated");
        const kept = `exchanged:${user}:${id}`;
        await until("it is over", async () => (await redis.get(kept)) === undefined);
        // What was sent before the exchange is carried out only now.
        ms -= 1;
        await expect(sessions.rotate(user, id, "first", "lost")).rejects.toMatchObject({
          kind: "unavailable",
        });
        expect(await sessions.rotate(user, id, "second", "third")).toBe("rotated");
        ms += 2;
        expect(await sessions.rotate(user, id, "first", "stolen")).toBe("reused");
      });
    } finally {
      await server.stop();
    }
  });
});

describeWithOwnRedis("a session that is passed on while Redis hangs", () => {
  it("goes_on_with_the_token_whose_answer_was_lost", async () => {
    const server = await startOwnRedis();
    try {
      await withRedis(server.url, async (redis) => {
        const [user, id] = [randomUUID(), randomUUID()];
        const sessions = sessionStore(redis, () => new Date());
        await sessions.open(user, id, "first");
        server.freeze(true);
        for (const lost of ["a", "b"])
          await expect(sessions.rotate(user, id, "first", lost)).rejects.toMatchObject({
            kind: "unavailable",
          });
        server.freeze(false);
        await until("Redis answers", () => redis.ping().then(() => true));
        // The first was carried out meanwhile, and nobody was told.
        expect(await redis.get(`exchanged:${user}:${id}`)).toBe("first");
        expect(await sessions.rotate(user, id, "first", "second")).toBe("rotated");
        expect(await sessions.rotate(user, id, "second", "third")).toBe("rotated");
        expect(await sessions.rotate(user, id, "a", "stolen")).toBe("reused");
      });
    } finally {
      await server.stop();
    }
  });
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
