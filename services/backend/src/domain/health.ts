// Whether the service can do its work, judged from the things it leans on. Checks are shared:
// however many probes ask, each dependency is asked at most about once a second.

import { within } from "./deadline.js";

export const dependencies = ["database", "redis", "ml_service"] as const;
export type Dependency = (typeof dependencies)[number];

/** Resolves when the dependency answers, with its version if it tells one; rejects when it does
 * not answer. */
export type Probe = (signal: AbortSignal) => Promise<unknown>;
export type Probes = Readonly<Record<Dependency, Probe>>;

export interface Check {
  readonly status: "healthy" | "unhealthy";
  readonly latency_ms: number;
  /** The version that answered, of a dependency that is released beside this service. */
  readonly version?: string;
}
export type Checks = Readonly<Record<Dependency, Check>>;
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

export interface HealthChecks {
  check(dependency: Dependency): Promise<Check>;
  checkAll(): Promise<Checks>;
}

const checkTimeoutMs = 1_000;
const sharedForMs = 1_000;

export function createHealthChecks(probes: Probes, nowMs: () => number): HealthChecks {
  const shared = {
    database: share(() => runCheck(probes.database, nowMs), nowMs),
    redis: share(() => runCheck(probes.redis, nowMs), nowMs),
    ml_service: share(() => runCheck(probes.ml_service, nowMs), nowMs),
  };
  async function checkAll(): Promise<Checks> {
    const [database, redis, ml_service] = await Promise.all([
      shared.database(),
      shared.redis(),
      shared.ml_service(),
    ]);
    return { database, redis, ml_service };
  }
  return { check: (dependency) => shared[dependency](), checkAll };
}

/** Without the database nothing works; without the others the answers are only poorer. */
export function overallStatus(checks: Checks): HealthStatus {
  if (checks.database.status === "unhealthy") return "unhealthy";
  const poorer = dependencies.some((dependency) => checks[dependency].status === "unhealthy");
  return poorer ? "degraded" : "healthy";
}

async function runCheck(probe: Probe, nowMs: () => number): Promise<Check> {
  const startedMs = nowMs();
  const answer = await within(checkTimeoutMs, probe).then(
    (version) => ({ status: "healthy" as const, ...told(version) }),
    () => ({ status: "unhealthy" as const }),
  );
  return { ...answer, latency_ms: Math.round(nowMs() - startedMs) };
}

function told(version: unknown): { version?: string } {
  return typeof version === "string" && version !== "" ? { version } : {};
}

/** Hands the same check to everybody while it runs, and for a moment after it ended. */
function share(check: () => Promise<Check>, nowMs: () => number): () => Promise<Check> {
  let current: Promise<Check> | undefined;
  let endedMs: number | undefined;
  return () => {
    const stale = endedMs !== undefined && nowMs() - endedMs >= sharedForMs;
    if (current === undefined || stale) {
      endedMs = undefined;
      current = check().finally(() => {
        endedMs = nowMs();
      });
    }
    return current;
  };
}
