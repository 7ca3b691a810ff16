// Metrics are counted under names of endpoints, and tell nobody who asked.
import { describe, expect, it } from "@jest/globals";
import { createMetrics, watchLevels } from "../src/metrics.js";
import { cachedEstimator } from "../src/store/estimate-cache.js";
import { createLog } from "../src/log.js";
import { mlEstimator } from "../src/store/ml-service.js";
import { healthWithout, testApp } from "./world/app.js";
import { startMlService } from "./world/ml-service.js";

describe("metrics", () => {
  it("count_requests_by_endpoint_and_status", async () => {
    const metrics = createMetrics("1.2.3");
    const { agent } = testApp({ ports: { count: metrics.request } });
    await agent.get("/api/foods?q=secret").expect(401);
    await agent.get("/api/foods/secret").expect(401);
    await agent.get("/secret").expect(404);
    const text = await metrics.registry.metrics();
    for (const route of ["/api/foods", "/api/foods/:id", "none"])
      expect(text).toContain(`route="${route}"`);
    expect(text).toContain('service="backend",version="1.2.3"');
    expect(text).not.toContain("secret");
  });

  it("count_estimates_and_what_the_cache_had", async () => {
    const metrics = createMetrics("1.2.3");
    const service = await startMlService();
    const log = createLog({ logLevel: "silent", appVersion: "x" });
    const call = {
      userId: "me",
      ...{ requestId: "r", signal: AbortSignal.timeout(5_000), remainingMs: () => 5_000 },
    };
    const kept = new Map<string, string>();
    const cache = {
      get: (key: string) => Promise.resolve(kept.get(key)),
      set: (key: string, value: string) => Promise.resolve(void kept.set(key, value)),
    };
    const estimator = mlEstimator(service.url, log, metrics.estimate);
    const cached = cachedEstimator(estimator, cache, { release: () => "", count: metrics.cache });
    await cached.estimate("porridge", call);
    await cached.estimate("porridge", call);
    await service.stop();
    await cached.estimate("soup", call);
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/^estimate_cache_lookups_total\{outcome="hit",.*\} 1$/m);
    expect(text).toMatch(/^estimate_cache_lookups_total\{outcome="miss",.*\} 2$/m);
    expect(text).toMatch(/^estimate_duration_seconds_count\{.*outcome="made"\} 1$/m);
    expect(text).toMatch(/^estimate_duration_seconds_count\{.*outcome="failed"\} 1$/m);
  });

  it("look_at_pools_queues_and_dependencies_when_asked", async () => {
    const metrics = createMetrics("1.2.3");
    const pool = { total: 3, idle: 1, waiting: 4 };
    watchLevels(metrics, { pool, passwords: { waiting: 5 }, health: healthWithout("redis") });
    const text = await metrics.registry.metrics();
    for (const [state, count] of Object.entries({ busy: 2, idle: 1, waiting: 4 }))
      expect(text).toMatch(
        new RegExp(`^database_pool_connections\\{state="${state}",.*\\} ${count}$`, "m"),
      );
    expect(text).toMatch(/^password_queue_length\{.*\} 5$/m);
    expect(text).toMatch(/^dependency_up\{dependency="redis",.*\} 0$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{/m);
  });
});
