// What the service counts and measures, in the format of Prometheus. Nothing in it tells who
// asked: paths are those of the endpoints, without the ids in them.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { dependencies, type Health } from "./domain/health.js";

/** A request that is over. */
export interface SeenRequest {
  readonly method: string;
  /** The path of the endpoint, or nothing when there is none. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  readonly registry: Registry;
  readonly request: (seen: SeenRequest) => void;
  readonly estimate: (outcome: "made" | "refused" | "failed", seconds: number) => void;
  readonly cache: (outcome: "hit" | "miss") => void;
}

/** What is looked at when somebody asks, rather than counted as it happens. */
export interface Levels {
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
  readonly passwords: { readonly waiting: number };
  readonly health: Health;
}

// From a page of foods to the longest request there can be.
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const estimateBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service: "backend", version });
  const registers = [registry];
  const requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Requests and how long they took, by endpoint and status",
    labelNames: ["method", "route", "status"],
    buckets: requestBuckets,
    registers,
  });
  const estimates = new Histogram({
    name: "estimate_duration_seconds",
    help: "Estimates asked of the ML service and how long they took",
    labelNames: ["outcome"],
    buckets: estimateBuckets,
    registers,
  });
  const lookups = new Counter({
    name: "estimate_cache_lookups_total",
    help: "Estimates looked up in the cache",
    labelNames: ["outcome"],
    registers,
  });
  return {
    registry,
    request: ({ method, route, status, seconds }) => {
      requests.observe({ method, route: route ?? "none", status }, seconds);
    },
    estimate: (outcome, seconds) => {
      estimates.observe({ outcome }, seconds);
    },
    cache: (outcome) => {
      lookups.inc({ outcome });
    },
  };
}

/** Adds what belongs to a running process: its event loop, memory, pools and dependencies. */
export function watchLevels({ registry }: Metrics, { pool, passwords, health }: Levels): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "database_pool_connections",
    help: "Connections to Postgres, and requests that wait for one",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "busy" }, pool.total - pool.idle);
      this.set({ state: "idle" }, pool.idle);
      this.set({ state: "waiting" }, pool.waiting);
    },
  });
  new Gauge({
    name: "password_queue_length",
    help: "Passwords that wait for a thread",
    registers,
    collect() {
      this.set(passwords.waiting);
    },
  });
  new Gauge({
    name: "dependency_up",
    help: "Whether a dependency answered when it was asked last",
    labelNames: ["dependency"],
    registers,
    collect() {
      const checks = health.checks();
      for (const dependency of dependencies)
        this.set({ dependency }, checks[dependency].status === "healthy" ? 1 : 0);
    },
  });
}
