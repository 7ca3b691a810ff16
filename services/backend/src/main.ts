// Starts the service and stops it: opens the doors, hands them to the app, listens for signals.
import { setTimeout as sleep } from "node:timers/promises";
import { sharedEstimator } from "./domain/estimate-shares.js";
import { atOnceMax, type Estimator } from "./domain/estimates.js";
import { watchHealth, type HealthWatch, type Probes } from "./domain/health.js";
import { createApp } from "./http/app.js";
import { Drain } from "./http/drain.js";
import { openFaults, type Faults } from "./faults.js";
import { estimateAllowance } from "./http/limits.js";
import { metricsListener } from "./http/metrics.js";
import type { Ports } from "./http/ports.js";
import { startServer } from "./http/server.js";
import { createLog, type Log } from "./log.js";
import { createMetrics, watchLevels, type Metrics } from "./metrics.js";
import { openPasswordPool } from "./passwords/pool.js";
import { readSettings, SettingsError, type Settings } from "./settings.js";
import { openDatabase } from "./store/database.js";
import { cachedEstimator } from "./store/estimate-cache.js";
import { foodStore } from "./store/foods.js";
import { HitCounts } from "./store/hit-counts.js";
import { mealStore } from "./store/meals.js";
import { mlEstimator, watchMlService } from "./store/ml-service.js";
import { openRedis, type Redis } from "./store/redis.js";
import { sessionStore } from "./store/sessions.js";
import { userStore } from "./store/users.js";

const exitCodes = { done: 0, bug: 1, settings: 2 } as const;
// On top of the drain time; a request that takes longer is cut off.
const finishMsMax = 10_000;

async function main(): Promise<void> {
  const settings = settingsOrExit();
  const log = createLog(settings);
  const faults = await openFaults(settings);
  endOnFault(log, faults);

  const drain = new Drain();
  const { ports, metrics, close } = openPorts(settings, log, faults, drain);
  const server = await startServer(createApp(settings, ports), settings, drain);
  const stopMetrics = await serveMetrics(settings, metrics, log);
  log.info({ port: server.port }, "serving");

  stopOnSignal(log, settings.drainSeconds * 1000, async (drainMs) => {
    await server.stop(drainMs);
    await stopMetrics();
    await close();
    await faults.flush();
  });
}

/** A port that somebody else has is no reason not to serve. */
async function serveMetrics(
  { host, metricsPort }: Settings,
  metrics: Metrics,
  log: Log,
): Promise<() => Promise<void>> {
  const nothing = () => Promise.resolve();
  if (metricsPort === undefined) return nothing;
  try {
    const address = { host, port: metricsPort };
    const server = await startServer(metricsListener(metrics), address, new Drain());
    return () => server.stop(0);
  } catch (error) {
    log.warn({ error }, "failed to serve metrics; going on without them");
    return nothing;
  }
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const log = createLog({ logLevel: "info", appVersion: process.env["APP_VERSION"] ?? "dev" });
    log.fatal({ problems: error.problems }, error.message);
    process.exit(exitCodes.settings);
  }
}

function openPorts(settings: Settings, log: Log, faults: Faults, drain: Drain) {
  const database = openDatabase({
    url: settings.databaseUrl,
    connectionsMax: settings.databasePoolSize,
    onIdleError: (error) => {
      log.warn({ error }, "a database connection broke while idle");
    },
  });
  const redis = openRedis(settings.redisUrl, sayOnce(log, "redis is away; going on without it"));
  const passwords = openPasswordPool({
    worker: new URL("./passwords/worker.js", import.meta.url),
    threads: settings.passwordThreads,
    queueMax: settings.passwordQueue,
  });
  const mlService = watchMlService(settings.mlServiceUrl);
  const health = watchDoors(
    {
      database: () => database.ping(),
      redis: () => redis.ping(),
      ml_service: mlService.ping,
    },
    log,
  );
  const { client } = database;
  const metrics = createMetrics(settings.appVersion);
  watchLevels(metrics, { pool: database.pool, passwords, health });
  const ports: Ports = {
    users: userStore(client),
    passwords,
    sessions: sessionStore(redis, () => new Date()),
    foods: foodStore(client),
    meals: mealStore(client),
    estimator: cachedEstimator(openEstimator(settings, redis, log, metrics), redis, {
      release: mlService.release,
      count: metrics.cache,
    }),
    health,
    hits: {
      general: new HitCounts(redis, "general"),
      auth: new HitCounts(redis, "auth"),
      account: new HitCounts(redis, "account"),
    },
    drain,
    log,
    faults,
    count: metrics.request,
    now: () => new Date(),
    nowMs: () => performance.now(),
  };
  const doors = [database, redis, passwords];
  const close = () => {
    health.stop();
    return Promise.allSettled(doors.map((door) => door.close()));
  };
  return { ports, metrics, close };
}

/** The ML service, of which each account has its share. */
function openEstimator(settings: Settings, redis: Redis, log: Log, metrics: Metrics): Estimator {
  const limit = settings.estimateRateLimitPerMinute;
  return sharedEstimator(mlEstimator(settings.mlServiceUrl, log, metrics.estimate), {
    atOnceMax,
    allowance: estimateAllowance(limit, new HitCounts(redis, "estimate")),
  });
}

function watchDoors(probes: Probes, log: Log): HealthWatch {
  return watchHealth(probes, {
    nowMs: () => performance.now(),
    pause: (ms) => sleep(ms, undefined, { ref: false }),
    onChange: (dependency, status) => {
      const level = status === "healthy" ? "info" : "warn";
      log[level]({ dependency, status }, "a dependency changed");
    },
  });
}

/** A client that reconnects for ever would fill the log; once a minute is enough to notice. */
function sayOnce(log: Log, message: string): (error: Error) => void {
  let quietUntilMs = 0;
  return (error) => {
    if (performance.now() < quietUntilMs) return;
    quietUntilMs = performance.now() + 60_000;
    log.warn({ error }, message);
  };
}

function stopOnSignal(log: Log, drainMs: number, stop: (drainMs: number) => Promise<void>): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.warn({ signal }, "told twice to stop: leaving at once");
      process.exit(exitCodes.bug);
    }
    stopping = true;
    log.info({ signal, drain_ms: drainMs }, "stopping");
    setTimeout(() => {
      log.error("failed to finish in time: leaving with requests under way");
      process.exit(exitCodes.bug);
    }, drainMs + finishMsMax).unref();
    void stop(drainMs).then(() => {
      log.info("stopped");
      process.exit(exitCodes.done);
    });
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** After a fault nobody expected, nothing in memory can be trusted: say so and leave. */
function endOnFault(log: Log, faults: Faults): void {
  const end = (error: unknown): void => {
    log.fatal({ error }, "unexpected fault: ending the process");
    faults.report(error);
    void faults.flush().finally(() => process.exit(exitCodes.bug));
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

await main();
