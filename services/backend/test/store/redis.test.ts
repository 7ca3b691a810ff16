// What is kept in Redis, and that nothing depends on it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Options } from "express-rate-limit";
import type { Estimate, Estimator, Unreadable } from "../../src/domain/estimates.js";
import { cachedEstimator } from "../../src/store/estimate-cache.js";
import { HitCounts } from "../../src/store/hit-counts.js";
import { openRedis } from "../../src/store/redis.js";
import { agreedAnswer } from "../world/ml-service.js";
import { until } from "../world/process.js";
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
  requestId: "test",
  signal: new AbortController().signal,
  remainingMs: () => 1_000,
};
const soup: Estimate = { ...agreedAnswer, model: "m-1" };

function counting(estimate: Estimate | Unreadable | undefined): Estimator & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    estimate: (text) => {
      asked.push(text);
      return Promise.resolve(estimate);
    },
  };
}

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

  it("an_estimate_is_asked_for_once_however_the_words_are_spaced_and_cased", async () => {
    await withRedis(server.url, async (redis) => {
      const text = `Soup ${randomUUID()}`;
      const estimator = counting(soup);
      const cached = cachedEstimator(estimator, redis);
      expect(await cached.estimate(text, call)).toEqual(soup);
      expect(await cached.estimate(`  ${text.toUpperCase().replace(" ", "   ")}`, call)).toEqual(
        soup,
      );
      expect(estimator.asked).toEqual([text]);
    });
  });

  it.each([[undefined], [{ unreadable: "too much" }]])("%j_is_not_remembered", async (none) => {
    await withRedis(server.url, async (redis) => {
      const estimator = counting(none);
      const cached = cachedEstimator(estimator, redis);
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
      expect((await redis.countHit(key, 20)).count).toBe(1);
      const { count, endsInMs } = await redis.countHit(key, 60_000);
      // The window of the first hit stands; a later hit does not prolong it.
      expect(count).toBe(2);
      expect(endsInMs).toBeLessThanOrEqual(20);
      await new Promise((resolve) => setTimeout(resolve, 40));
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
      expect(await cachedEstimator(estimator, redis).estimate("soup", call)).toEqual(soup);
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

describe("a spoilt cache", () => {
  it.each(["not json", '{"total":{}}'])("holding_%s_is_an_empty_one", async (kept) => {
    const estimator = counting(soup);
    const cache = { get: () => Promise.resolve(kept), set: () => Promise.resolve() };
    expect(await cachedEstimator(estimator, cache).estimate("soup", call)).toEqual(soup);
    expect(estimator.asked).toEqual(["soup"]);
  });

  it("does_not_hold_the_words_themselves", async () => {
    const keys: string[] = [];
    const cache = {
      get: (key: string) => {
        keys.push(key);
        return Promise.resolve(undefined);
      },
      set: () => Promise.resolve(),
    };
    await cachedEstimator(counting(soup), cache).estimate("soup", call);
    expect(keys).toEqual([expect.stringMatching(/^estimate:v2:[\w-]{43}$/)]);
  });
});
