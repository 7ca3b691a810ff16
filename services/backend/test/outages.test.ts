// Each dependency goes away under load, in each way in which networks fail, and comes back.
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { testEnvironment } from "./world/app.js";
import { startMlService, type TestMlService } from "./world/ml-service.js";
import { describeWithDatabase, startDatabase, type TestDatabase } from "./world/postgres.js";
import { until } from "./world/process.js";
import { startProxy, type Mood, type Proxy } from "./world/proxy.js";
import { describeWithRedis, startRedis, type TestRedis } from "./world/redis.js";
import { hangUp, Service } from "./world/service.js";

type Dependency = "database" | "redis" | "ml_service";

const date = "2026-11-23";
const patienceMs = 60_000;

function behind(proxy: Proxy, address: string): string {
  const url = new URL(address);
  url.port = String(proxy.port);
  return url.href;
}

const portOf = (address: string) => Number(new URL(address).port);

describeWithRedis("a dependency that goes away", () => {
  describeWithDatabase("under load", () => {
    let database: TestDatabase;
    let redis: TestRedis;
    let mlService: TestMlService;
    let proxies: Record<Dependency, Proxy>;
    let service: Service;
    let headers: { authorization: string };

    beforeAll(async () => {
      [database, redis, mlService] = await Promise.all([
        startDatabase(),
        startRedis(),
        startMlService(),
      ]);
      const addresses = { database: database.appUrl, redis: redis.url, ml_service: mlService.url };
      proxies = {
        database: await startProxy(portOf(addresses.database)),
        redis: await startProxy(portOf(addresses.redis)),
        ml_service: await startProxy(portOf(addresses.ml_service)),
      };
      service = await Service.start({
        ...testEnvironment,
        HOST: "127.0.0.1",
        LOG_LEVEL: "error",
        DRAIN_SECONDS: "0",
        RATE_LIMIT_PER_MINUTE: "1000000",
        // What is measured here is the network, not how busy this machine is.
        REQUEST_TIMEOUT_MS: "60000",
        DATABASE_URL: behind(proxies.database, addresses.database),
        REDIS_URL: behind(proxies.redis, addresses.redis),
        ML_SERVICE_URL: behind(proxies.ml_service, addresses.ml_service),
      });
      headers = await service.register();
      await until("all is well", async () => (await health()).status === "healthy");
    }, 60_000);
    afterAll(async () => {
      hangUp();
      await service.program.stop("SIGKILL");
      await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
      await Promise.all([mlService.stop(), redis.stop(), database.stop()]);
    });

    async function health() {
      const { status: code, body } = await service.get("/api/health");
      const { status, checks } = body as {
        status: string;
        checks: Record<Dependency, { status: string }>;
      };
      return { code, status, checks };
    }

    /** Asks without a pause, four at a time, until told to stop; gives what was answered. */
    function load(): () => Promise<ReadonlySet<number>> {
      const seen = new Set<number>();
      let on = true;
      let count = 0;
      const one = async () => {
        while (on) {
          const paths = ["/api/users/me", "/api/foods", `/api/summary?date=${date}`];
          const path = paths[(count += 1) % paths.length] ?? "";
          seen.add((await service.get(path, headers)).status);
        }
      };
      const ended = Promise.all([one(), one(), one(), one()]);
      return async () => {
        on = false;
        await ended;
        return seen;
      };
    }

    it.each<[Dependency, Mood, string, number, readonly number[]]>([
      ["database", "reset", "unhealthy", 503, [200, 503]],
      ["database", "swallow", "unhealthy", 503, [200, 503]],
      ["redis", "reset", "degraded", 200, [200]],
      ["redis", "swallow", "degraded", 200, [200]],
      ["ml_service", "reset", "degraded", 200, [200]],
      ["ml_service", "swallow", "degraded", 200, [200]],
    ])(
      "%s_by_%s_makes_the_service_%s_and_nothing_worse",
      async (dependency, mood, status, code, allowed) => {
        // A description of its own each time, which no cache knows.
        const meal = { eaten_on: date, description: `porridge ${dependency} ${mood}` };
        await service.send("POST", "/api/meals", headers, meal);
        const stop = load();
        proxies[dependency].turn(mood);
        await until(
          "health says so",
          async () => {
            const found = await health();
            return found.checks[dependency].status === "unhealthy" && found.status === status;
          },
          patienceMs,
        );
        expect((await health()).code).toBe(code);
        expect((await service.get("/api/health/ready")).status).toBe(code);

        // Nobody is told that a connection is dead: what was swallowed is lost, and that is all.
        proxies[dependency].turn("pass");
        await until(
          "all is well again",
          async () => (await health()).status === "healthy",
          patienceMs,
        );
        for (const answered of await stop()) expect(allowed).toContain(answered);
        expect((await service.get("/api/users/me", headers)).status).toBe(200);
      },
      180_000,
    );

    it("does_not_keep_the_service_from_stopping", async () => {
      for (const proxy of Object.values(proxies)) proxy.turn("swallow");
      expect(await service.program.stop("SIGTERM")).toBe(0);
    });

    it("is_no_fault_of_ours", () => {
      expect(service.lines()).toEqual([]);
    });
  });
});
