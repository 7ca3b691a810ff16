// Whether the service can do its work, judged from the things it leans on. Each is asked over and
// over in the background; who asks for health gets what is known, at once, and how old it is.
import { within } from "./deadline.js";

export const dependencies = ["database", "redis", "ml_service"] as const;
export type Dependency = (typeof dependencies)[number];

/** Resolves when the dependency answers, with its version if it tells one; rejects when it does
 * not answer. */
export type Probe = (signal: AbortSignal) => Promise<unknown>;
export type Probes = Readonly<Record<Dependency, Probe>>;

export interface Check {
  /** Unknown until the first answer. */
  readonly status: "healthy" | "unhealthy" | "unknown";
  readonly latency_ms: number;
  /** How long ago that was found out. */
  readonly age_ms: number;
  /** The version that answered, of a dependency that is released beside this service. */
  readonly version?: string;
}
export type Checks = Readonly<Record<Dependency, Check>>;
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

export interface Health {
  /** What is known now; never waits. */
  checks(): Checks;
}

export interface HealthWatch extends Health {
  stop(): void;
}

interface Clock {
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Told when a dependency comes or goes, and once at the start. */
  readonly onChange: (dependency: Dependency, status: Check["status"]) => void;
}

const checkTimeoutMs = 1_000;
// With the time-out, nothing that is said is older than two seconds.
const pauseMs = 1_000;

export function watchHealth(probes: Probes, clock: Clock): HealthWatch {
  const watches = {
    database: watch("database", probes, clock),
    redis: watch("redis", probes, clock),
    ml_service: watch("ml_service", probes, clock),
  };
  return {
    checks: () => ({
      database: watches.database.check(),
      redis: watches.redis.check(),
      ml_service: watches.ml_service.check(),
    }),
    stop: () => {
      for (const name of dependencies) watches[name].stop();
    },
  };
}

/** Without the database nothing works; without the others the answers are only poorer. */
export function overallStatus(checks: Checks): HealthStatus {
  if (checks.database.status !== "healthy") return "unhealthy";
  const poorer = dependencies.some((dependency) => checks[dependency].status !== "healthy");
  return poorer ? "degraded" : "healthy";
}

function watch(name: Dependency, probes: Probes, { nowMs, pause, onChange }: Clock) {
  let found: Omit<Check, "age_ms"> = { status: "unknown", latency_ms: 0 };
  let foundMs = nowMs();
  let stopped = false;

  async function askForEver(): Promise<void> {
    while (!stopped) {
      const answer = await runCheck(probes[name], nowMs);
      if (answer.status !== found.status) onChange(name, answer.status);
      [found, foundMs] = [answer, nowMs()];
      await pause(pauseMs);
    }
  }
  void askForEver();
  return {
    check: (): Check => ({ ...found, age_ms: Math.round(nowMs() - foundMs) }),
    stop: () => {
      stopped = true;
    },
  };
}

async function runCheck(probe: Probe, nowMs: () => number): Promise<Omit<Check, "age_ms">> {
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
