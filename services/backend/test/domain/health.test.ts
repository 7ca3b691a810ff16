// Health is judged from shared checks that never take longer than a second.
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createHealthChecks, overallStatus, type Probes } from "../../src/domain/health.js";

const healthy = { status: "healthy", latency_ms: 1 } as const;
const unhealthy = { status: "unhealthy", latency_ms: 1 } as const;
const answers = () => Promise.resolve();

describe("the overall status", () => {
  it.each([
    ["healthy", { database: healthy, redis: healthy, ml_service: healthy }],
    ["degraded", { database: healthy, redis: unhealthy, ml_service: healthy }],
    ["degraded", { database: healthy, redis: healthy, ml_service: unhealthy }],
    ["unhealthy", { database: unhealthy, redis: healthy, ml_service: healthy }],
    ["unhealthy", { database: unhealthy, redis: unhealthy, ml_service: unhealthy }],
  ] as const)("is_%s_for_%j", (status, checks) => {
    expect(overallStatus(checks)).toBe(status);
  });
});

describe("health checks", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const checksOf = (probes: Partial<Probes>) =>
    createHealthChecks(
      { database: answers, redis: answers, ml_service: answers, ...probes },
      Date.now,
    );

  it("ask_a_dependency_once_however_many_want_to_know", async () => {
    const database = jest.fn(answers);
    const checks = checksOf({ database });
    await Promise.all([checks.check("database"), checks.checkAll(), checks.checkAll()]);
    await checks.check("database");
    expect(database).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(1_000);
    await checks.check("database");
    expect(database).toHaveBeenCalledTimes(2);
  });

  it("give_up_on_silence_after_one_second_and_tell_the_probe_so", async () => {
    let signal: AbortSignal | undefined;
    const checks = checksOf({
      redis: (given) => {
        signal = given;
        return new Promise(() => undefined);
      },
    });
    const found = checks.checkAll();
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await found).redis).toEqual({ status: "unhealthy", latency_ms: 1_000 });
    expect((await found).database.status).toBe("healthy");
    expect(signal?.aborted).toBe(true);
  });

  it("run_side_by_side", async () => {
    const slow = () => new Promise((resolve) => setTimeout(resolve, 400));
    const checks = checksOf({ database: slow, redis: slow, ml_service: slow });
    const found = checks.checkAll();
    await jest.advanceTimersByTimeAsync(400);
    expect((await found).ml_service).toEqual({ status: "healthy", latency_ms: 400 });
  });

  it("tell_which_version_of_a_dependency_answered", async () => {
    const checks = checksOf({ ml_service: () => Promise.resolve("1a2b") });
    const { database, ml_service } = await checks.checkAll();
    expect(ml_service).toMatchObject({ status: "healthy", version: "1a2b" });
    expect(database).not.toHaveProperty("version");
  });

  it("call_a_rejection_unhealthy", async () => {
    const checks = checksOf({ database: () => Promise.reject(new Error("refused")) });
    expect((await checks.check("database")).status).toBe("unhealthy");
  });
});
