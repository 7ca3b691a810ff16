// A flood of logins, and somebody who only reads meanwhile.
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { testEnvironment } from "./world/app.js";
import { startMlService, type TestMlService } from "./world/ml-service.js";
import { describeWithDatabase, startDatabase, type TestDatabase } from "./world/postgres.js";
import { describeWithRedis, startRedis, type TestRedis } from "./world/redis.js";
import { hangUp, Service } from "./world/service.js";

/** As many as stalled everybody when hashing had no threads of its own. */
const atOnce = 20;
const ratioMax = 2;
/** A busy machine may spoil one measurement; a service that stalls spoils each. */
const measurements = 5;

describeWithRedis("a flood of logins", () => {
  describeWithDatabase("with all that it needs", () => {
    let database: TestDatabase;
    let redis: TestRedis;
    let mlService: TestMlService;
    let service: Service;
    let headers: { authorization: string };

    beforeAll(async () => {
      [database, redis, mlService] = await Promise.all([
        startDatabase(),
        startRedis(),
        startMlService(),
      ]);
      service = await Service.start({
        ...testEnvironment,
        HOST: "127.0.0.1",
        LOG_LEVEL: "error",
        DRAIN_SECONDS: "0",
        RATE_LIMIT_PER_MINUTE: "1000000",
        AUTH_RATE_LIMIT_PER_MINUTE: "1000000",
        ACCOUNT_RATE_LIMIT_PER_MINUTE: "1000000",
        // What is measured here is who waits for whom, not when somebody gives up.
        REQUEST_TIMEOUT_MS: "60000",
        DATABASE_URL: database.appUrl,
        REDIS_URL: redis.url,
        ML_SERVICE_URL: mlService.url,
      });
      headers = await service.register();
    }, 60_000);
    afterAll(async () => {
      hangUp();
      await service.program.stop("SIGKILL");
      await Promise.all([mlService.stop(), redis.stop(), database.stop()]);
    });

    /** How long each of `count` readings of the account takes, one after the other. */
    async function read(count: number): Promise<number[]> {
      const taken: number[] = [];
      while (taken.length < count) {
        const startedMs = performance.now();
        expect((await service.get("/api/users/me", headers)).status).toBe(200);
        taken.push(performance.now() - startedMs);
      }
      return taken;
    }

    /** Logs in with a wrong password without a pause, but for the ones that answers ask for. */
    function flood(seen: Map<number, number>): () => Promise<unknown> {
      const over = new AbortController();
      const credentials = { email: "nobody@nutri.example", password: "wrong horse" };
      const one = async () => {
        while (!over.signal.aborted) {
          const { status } = await service.send("POST", "/api/auth/login", {}, credentials);
          seen.set(status, (seen.get(status) ?? 0) + 1);
          const pause = { signal: over.signal };
          if (status === 503) await wait(1_000, undefined, pause).catch(() => undefined);
        }
      };
      const ended = Promise.all(Array.from({ length: atOnce }, one));
      return () => {
        over.abort();
        return ended;
      };
    }

    /** Both in turns, so that a machine that gets busier meanwhile slows both. */
    async function measure(seen: Map<number, number>) {
      const [elsewhere, flooded]: [number[], number[]] = [[], []];
      for (let turn = 0; turn < 3; turn++) {
        const end = workElsewhere();
        elsewhere.push(...(await read(100).finally(end)));
        const stop = flood(seen);
        flooded.push(...(await read(100)));
        await stop();
      }
      return { elsewhere: p99(elsewhere), flooded: p99(flooded) };
    }

    it("makes_the_slowest_readings_at_most_twice_as_slow_as_the_same_work_elsewhere", async () => {
      const seen = new Map<number, number>();
      const ratios: number[] = [];
      await read(100);
      while (ratios.length < measurements && !ratios.some((ratio) => ratio <= ratioMax)) {
        const { elsewhere, flooded } = await measure(seen);
        ratios.push(flooded / elsewhere);
      }
      expect(Math.min(...ratios)).toBeLessThanOrEqual(ratioMax);
      // It was a flood: passwords were looked at all the while, and who did not fit was told so.
      expect(seen.get(401)).toBeGreaterThan(atOnce);
      expect([...seen.keys()].sort()).toEqual([401, 503]);
    }, 900_000);
  });
});

/**
 * Keeps as many cores busy as hashing does, outside of the service. Against an idle machine a test
 * would measure how many cores there are and who else uses them.
 */
function workElsewhere(): () => void {
  const work = () => spawn(process.execPath, ["--eval", "for (;;);"], { stdio: "ignore" });
  const programs = Array.from({ length: availableParallelism() }, work);
  return () => {
    for (const program of programs) program.kill("SIGKILL");
  };
}

function p99(taken: readonly number[]): number {
  const sorted = [...taken].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
}
