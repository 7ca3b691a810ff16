// Health is what was found out in the background: never waited for, and never old.
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  overallStatus,
  watchHealth,
  type HealthWatch,
  type Probes,
} from "../../src/domain/health.js";

const healthy = { status: "healthy", latency_ms: 1, age_ms: 1 } as const;
const unhealthy = { status: "unhealthy", latency_ms: 1, age_ms: 1 } as const;
const unknown = { status: "unknown", latency_ms: 0, age_ms: 1 } as const;
const answers = () => Promise.resolve();

describe("the overall status", () => {
  it.each([
    ["healthy", { database: healthy, redis: healthy, ml_service: healthy }],
    ["degraded", { database: healthy, redis: unhealthy, ml_service: healthy }],
    ["degraded", { database: healthy, redis: healthy, ml_service: unhealthy }],
    ["unhealthy", { database: unhealthy, redis: healthy, ml_service: healthy }],
    ["unhealthy", { database: unhealthy, redis: unhealthy, ml_service: unhealthy }],
    ["unhealthy", { database: unknown, redis: healthy, ml_service: healthy }],
    ["degraded", { database: healthy, redis: unknown, ml_service: healthy }],
  ] as const)("is_%s_for_%j", (status, checks) => {
    expect(overallStatus(checks)).toBe(status);
  });
});

describe("what is known of health", () => {
  let watch: HealthWatch | undefined;
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    watch?.stop();
    jest.useRealTimers();
  });

  const changes: string[] = [];
  const watching = (probes: Partial<Probes>): HealthWatch => {
    changes.length = 0;
    watch = watchHealth(
      { database: answers, redis: answers, ml_service: answers, ...probes },
      {
        nowMs: Date.now,
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onChange: (dependency, status) => changes.push(`${dependency} ${status}`),
      },
    );
    return watch;
  };
  const silence = () => new Promise(() => undefined);

  it("is_told_at_once_also_before_anything_answered", async () => {
    const health = watching({ database: silence, redis: silence, ml_service: silence });
    await jest.advanceTimersByTimeAsync(300);
    const check = { status: "unknown", latency_ms: 0, age_ms: 300 };
    expect(health.checks()).toEqual({ database: check, redis: check, ml_service: check });
  });

  it("says_how_old_it_is_and_is_never_older_than_pause_and_time_out", async () => {
    const health = watching({ redis: silence });
    let oldest = 0;
    for (let ms = 0; ms < 10_000; ms += 100) {
      await jest.advanceTimersByTimeAsync(100);
      for (const { age_ms } of Object.values(health.checks())) oldest = Math.max(oldest, age_ms);
    }
    expect(oldest).toBeGreaterThan(1_000);
    expect(oldest).toBeLessThanOrEqual(2_000);
  });

  it("asks_as_often_whoever_wants_to_know", async () => {
    const database = jest.fn(answers);
    const health = watching({ database });
    for (let count = 0; count < 100; count += 1) health.checks();
    await jest.advanceTimersByTimeAsync(2_900);
    expect(database).toHaveBeenCalledTimes(3);
    health.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(database).toHaveBeenCalledTimes(3);
  });

  it("gives_up_on_silence_after_one_second_and_tells_the_probe_so", async () => {
    let signal: AbortSignal | undefined;
    const health = watching({
      redis: (given) => {
        signal = given;
        return silence();
      },
    });
    await jest.advanceTimersByTimeAsync(1_000);
    const { redis, database } = health.checks();
    expect(redis).toEqual({ status: "unhealthy", latency_ms: 1_000, age_ms: 0 });
    expect(database.status).toBe("healthy");
    expect(signal?.aborted).toBe(true);
  });

  it("follows_a_dependency_that_comes_and_goes_and_says_so_once", async () => {
    let up = true;
    const health = watching({
      ml_service: () => (up ? Promise.resolve("1a2b") : Promise.reject(new Error("refused"))),
    });
    await jest.advanceTimersByTimeAsync(2_500);
    expect(health.checks().ml_service).toMatchObject({ status: "healthy", version: "1a2b" });
    expect(health.checks().database).not.toHaveProperty("version");
    up = false;
    await jest.advanceTimersByTimeAsync(2_500);
    expect(health.checks().ml_service.status).toBe("unhealthy");
    expect(health.checks().ml_service).not.toHaveProperty("version");
    const told = changes.filter((change) => change.startsWith("ml_service"));
    expect(told).toEqual(["ml_service healthy", "ml_service unhealthy"]);
  });
});
