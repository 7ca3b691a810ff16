// What is kept in Redis, and that nothing depends on it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createClient } from "@redis/client";
import type { Options } from "express-rate-limit";
import type { Estimate, Estimator, Found } from "../../src/domain/estimates.js";
import { cachedEstimator, slotBytesMax, slots } from "../../src/store/estimate-cache.js";
import { HitCounts } from "../../src/store/hit-counts.js";
import { openRedis } from "../../src/store/redis.js";
import { agreedAnswer } from "../world/ml-service.js";
import { until } from "../world/process.js";
import { startProxy, type Proxy } from "../world/proxy.js";
import {
  describeWithOwnRedis,
  describeWithRedis,
  startOwnRedis,
  startRedis,
  startSilence,
  withRedis,
  type TestRedis,
} from "../world/redis.js";

const call = {
  userId: "me",
  requestId: "test",
  signal: new AbortController().signal,
  remainingMs: () => 1_000,
};
const soup: Estimate = { ...agreedAnswer, model: "m-1" };

function counting(estimate: Found): Estimator & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    estimate: (text) => {
      asked.push(text);
      return Promise.resolve(estimate);
    },
  };
}

const release = () => "";

function hitCounts(redis: ConstructorParameters<typeof HitCounts>[0], name: string): HitCounts {
  const counts = new HitCounts(redis, name);
  counts.init({ windowMs: 60_000 } as Options);
  return counts;
}

describeWithRedis("with Redis", () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it("an_estimate_is_asked_for_once", async () => {
    await withRedis(server.url, async (redis) => {
      const text = `Soup ${randomUUID()}`;
      const estimator = counting(soup);
      const cached = cachedEstimator(estimator, redis, { release });
      expect(await cached.estimate(text, call)).toEqual(soup);
      expect(await cached.estimate(text, call)).toEqual(soup);
      expect(estimator.asked).toEqual([text]);
    });
  });

  it.each([
    ["orange\njuice", "orange juice"],
    ["1½ eggs", "11⁄2 eggs"],
    ["Turkey", "turkey"],
  ])("%j_is_not_answered_with_what_was_made_of_%j", async (one, other) => {
    await withRedis(server.url, async (redis) => {
      const estimator = counting(soup);
      const cached = cachedEstimator(estimator, redis, { release });
      const name = randomUUID();
      const texts = [`${one} ${name}`, `${other} ${name}`];
      for (const text of texts) await cached.estimate(text, call);
      expect(estimator.asked).toEqual(texts);
    });
  });

  it.each([
    [undefined],
    [{ unreadable: "too much" }],
    [{ postponed: "too many", retrySeconds: 1 }],
  ])("%j_is_not_remembered", async (none) => {
    await withRedis(server.url, async (redis) => {
      const estimator = counting(none);
      const cached = cachedEstimator(estimator, redis, { release });
      const text = randomUUID();
      expect(await cached.estimate(text, call)).toEqual(none);
      expect(await cached.estimate(text, call)).toEqual(none);
      expect(estimator.asked).toHaveLength(2);
    });
  });

  it("hits_are_counted_together_and_forgotten_after_a_while", async () => {
    await withRedis(server.url, async (redis) => {
      const name = randomUUID();
      const [one, other] = [hitCounts(redis, name), hitCounts(redis, name)];
      expect((await one.increment("a")).totalHits).toBe(1);
      const second = await other.increment("a");
      expect(second.totalHits).toBe(2);
      expect(second.resetTime?.getTime()).toBeGreaterThan(Date.now() + 50_000);
      expect((await one.get("a"))?.totalHits).toBe(2);
      expect((await one.get("a"))?.resetTime?.getTime()).toBeGreaterThan(Date.now() + 50_000);
      expect(await one.get("never")).toBeUndefined();
      await one.decrement("a");
      expect((await one.increment("a")).totalHits).toBe(2);
      await one.resetKey("a");
      expect((await one.increment("a")).totalHits).toBe(1);
      expect((await one.increment("b")).totalHits).toBe(1);
      one.shutdown();
      other.shutdown();
    });
  });

  it("a_count_starts_over_after_its_window", async () => {
    await withRedis(server.url, async (redis) => {
      const key = randomUUID();
      expect((await redis.countHit(key, 5_000)).count).toBe(1);
      const { count, endsInMs } = await redis.countHit(key, 60_000);
      // The window of the first hit stands; a later hit does not prolong it.
      expect(count).toBe(2);
      expect(endsInMs).toBeLessThanOrEqual(5_000);
      await until("the window is over", async () => (await redis.readHits(key)) === undefined);
      expect((await redis.countHit(key, 20)).count).toBe(1);
    });
  });
});

describeWithOwnRedis("when Redis freezes", () => {
  it("every_command_fails_fast_until_it_thaws", async () => {
    const server = await startOwnRedis();
    try {
      await withRedis(server.url, async (redis) => {
        const key = randomUUID();
        server.freeze(true);
        const startedMs = performance.now();
        await expect(redis.countHit(key, 1_000)).rejects.toThrow("no answer within 250 ms");
        await expect(redis.ping()).rejects.toThrow("no answer within 250 ms");
        expect(performance.now() - startedMs).toBeLessThan(2_000);
        server.freeze(false);
        await until("Redis answers again", () => redis.ping().then(() => true));
      });
    } finally {
      await server.stop();
    }
  });

  it("nobody_waits_behind_a_command_that_was_not_answered", async () => {
    const server = await startOwnRedis();
    try {
      await withRedis(server.url, async (redis) => {
        const key = randomUUID();
        server.freeze(true);
        for (let at = 0; at < 5; at++)
          await expect(redis.countHit(key, 60_000)).rejects.toThrow("no answer within 250 ms");
        server.freeze(false);
        await until("Redis answers again", () => redis.ping().then(() => true));
        // Only the first was sent, so only that one was carried out after all.
        expect((await redis.countHit(key, 60_000)).count).toBe(2);
      });
    } finally {
      await server.stop();
    }
  });
});

describe.each([
  ["refuses", () => Promise.resolve({ port: 1, stop: () => Promise.resolve() })],
  ["is silent", startSilence],
])("when Redis %s", (_how, start) => {
  it("every_command_fails_fast_and_everybody_has_an_answer", async () => {
    const silence = await start();
    const errors: Error[] = [];
    const redis = openRedis(`redis://127.0.0.1:${silence.port}`, (error) => errors.push(error));
    try {
      const startedMs = performance.now();
      await expect(redis.ping()).rejects.toThrow();
      const estimator = counting(soup);
      expect(await cachedEstimator(estimator, redis, { release }).estimate("soup", call)).toEqual(
        soup,
      );
      const counts = hitCounts(redis, "x");
      expect((await counts.increment("a")).totalHits).toBe(1);
      expect((await counts.increment("a")).totalHits).toBe(2);
      await counts.decrement("a");
      expect((await counts.get("a"))?.totalHits).toBe(1);
      await counts.resetKey("a");
      expect((await counts.increment("a")).totalHits).toBe(1);
      counts.shutdown();
      expect(performance.now() - startedMs).toBeLessThan(3_000);
    } finally {
      await redis.close();
      await redis.close();
      await silence.stop();
    }
  });
});

/** Redis behind a network that swallows what is said. */
describeWithRedis("when what is said to Redis is swallowed", () => {
  let server: TestRedis;
  let proxy: Proxy;
  beforeAll(async () => {
    server = await startRedis();
    proxy = await startProxy(Number(new URL(server.url).port));
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const limits = { commandMs: 250, silenceMs: 600 };

  it.each([
    ["after_it_was_connected", true],
    ["from_its_greeting_on", false],
  ])("a_connection_that_is_silent_%s_is_given_up_for_another", async (_when, connected) => {
    const errors: string[] = [];
    proxy.turn(connected ? "pass" : "swallow");
    const redis = openRedis(
      `redis://127.0.0.1:${proxy.port}`,
      ({ message }) => errors.push(message),
      { limits },
    );
    const answers = () => redis.ping().then(() => true);
    try {
      if (connected) await until("Redis answers", answers);
      proxy.turn("swallow");
      // Nobody stops asking, so something is written all the while.
      await until("the connection is given up", async () => {
        await redis.get("x").catch(() => undefined);
        return errors.length > 0;
      });
      // Nothing that was swallowed comes back, and nobody hangs up.
      proxy.turn("pass");
      await until("Redis answers over another connection", answers);
    } finally {
      await redis.close();
    }
  });

  it("closing_does_not_wait_for_an_answer", async () => {
    proxy.turn("pass");
    const redis = openRedis(`redis://127.0.0.1:${proxy.port}`, () => undefined);
    await until("Redis answers", () => redis.ping().then(() => true));
    proxy.turn("swallow");
    await expect(redis.get("x")).rejects.toThrow("no answer within 250 ms");
    await redis.close();
  });
});

describeWithOwnRedis("when the password of Redis is changed", () => {
  it("the_ping_says_so_though_the_connection_that_is_open_still_answers", async () => {
    const server = await startOwnRedis();
    const redis = openRedis(server.url, () => undefined, {
      limits: { commandMs: 5_000, silenceMs: 60_000 },
      watcher: { anewMs: 0 },
    });
    const answers = () => redis.ping().then(() => true);
    const owner = await createClient({ url: server.url }).connect();
    try {
      await until("Redis answers", answers);
      await owner.configSet("requirepass", "another");
      await expect(redis.ping()).rejects.toThrow("NOAUTH");
      expect(await redis.get("x")).toBeUndefined();
      await owner.configSet("requirepass", "");
      await until("Redis answers who has no password", answers);
    } finally {
      owner.destroy();
      await redis.close();
      await server.stop();
    }
  });
});

describe("the cache of estimates", () => {
  /** One slot for all, as if every digest were the same. */
  function oneSlot(texts: string[] = []) {
    return {
      get: () => Promise.resolve(texts.at(-1)),
      set: (_slot: string, text: string) => Promise.resolve(void texts.push(text)),
    };
  }

  it("takes_no_more_keys_than_there_are_slots_however_many_texts_there_are", async () => {
    const keys = new Set<string>();
    const cache = {
      get: () => Promise.resolve(undefined),
      set: (key: string) => Promise.resolve(void keys.add(key)),
    };
    const cached = cachedEstimator(counting(soup), cache, { release });
    for (let at = 0; at < 5 * slots; at++) await cached.estimate(`meal ${at}`, call);
    // Nearly every slot was used, and nothing else.
    expect(keys.size).toBeGreaterThan(slots * 0.9);
    expect(keys.size).toBeLessThanOrEqual(slots);
  });

  it("tells_texts_apart_that_share_a_slot", async () => {
    const estimator = counting(soup);
    const cached = cachedEstimator(estimator, oneSlot(), { release });
    for (const text of ["soup", "stew", "stew", "soup"]) await cached.estimate(text, call);
    expect(estimator.asked).toEqual(["soup", "stew", "soup"]);
  });

  it("keeps_nothing_that_does_not_fit_into_a_slot", async () => {
    const kept: string[] = [];
    const long = "ü".repeat(slotBytesMax / 2 - 700);
    for (const [unknown, many] of [
      [[long], 1],
      [[long, "x".repeat(700)], 1],
    ] as const) {
      const cached = cachedEstimator(counting({ ...soup, unknown }), oneSlot(kept), { release });
      await cached.estimate("soup", call);
      expect(kept).toHaveLength(many);
    }
    expect(Buffer.byteLength(kept[0] ?? "")).toBeLessThanOrEqual(slotBytesMax);
  });

  it("answers_only_with_what_the_release_made_that_answers_now", async () => {
    let now: string | undefined = "1";
    const cache = oneSlot();
    const estimator = counting({ ...soup, release: "1" });
    const cached = cachedEstimator(estimator, cache, { release: () => now });
    await cached.estimate("soup", call);
    expect(await cached.estimate("soup", call)).toEqual(soup);
    expect(estimator.asked).toHaveLength(1);
    now = "2";
    await cached.estimate("soup", call);
    expect(estimator.asked).toHaveLength(2);
    // The old release answered once more, and that is still not good for the new one.
    await cached.estimate("soup", call);
    expect(estimator.asked).toHaveLength(3);
    now = undefined;
    await cached.estimate("soup", call);
    expect(estimator.asked).toHaveLength(4);
  });
});

describe("a spoilt cache", () => {
  it.each(["not json", '{"total":{}}'])("holding_%s_is_an_empty_one", async (kept) => {
    const estimator = counting(soup);
    const cache = { get: () => Promise.resolve(kept), set: () => Promise.resolve() };
    const cached = cachedEstimator(estimator, cache, { release });
    expect(await cached.estimate("soup", call)).toEqual(soup);
    expect(estimator.asked).toEqual(["soup"]);
  });

  it("does_not_hold_the_words_themselves", async () => {
    const said: string[] = [];
    const cache = {
      get: (key: string) => {
        said.push(key);
        return Promise.resolve(undefined);
      },
      set: (key: string, text: string) => {
        said.push(key, text);
        return Promise.resolve();
      },
    };
    const nothing = { ...soup, items: [], unknown: [], guesses: [] };
    await cachedEstimator(counting(nothing), cache, { release }).estimate("soup", call);
    expect(said[0]).toMatch(/^estimate:v4:\d{1,4}$/);
    expect(said.join()).not.toContain("soup");
  });
});
