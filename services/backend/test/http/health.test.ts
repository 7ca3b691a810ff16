// The three health endpoints.
import { describe, expect, it } from "@jest/globals";
import { allHealthy, away, testApp } from "../world/app.js";

const healthy = { status: "healthy", latency_ms: expect.any(Number) };
const unhealthy = { status: "unhealthy", latency_ms: expect.any(Number) };
const version = "1.2.3-test";

describe("health", () => {
  it("has_exactly_the_agreed_body", async () => {
    const response = await testApp().agent.get("/api/health").expect(200);
    expect(response.body).toEqual({
      status: "healthy",
      version,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      checks: { database: healthy, redis: healthy, ml_service: healthy },
    });
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it.each(["redis", "ml_service"] as const)("is_degraded_without_%s", async (name) => {
    const probes = { ...allHealthy, [name]: away };
    const response = await testApp({ ports: { probes } }).agent.get("/api/health").expect(200);
    expect(response.body).toMatchObject({ status: "degraded", checks: { [name]: unhealthy } });
  });

  it("is_unhealthy_without_the_database", async () => {
    const probes = { ...allHealthy, database: away };
    const response = await testApp({ ports: { probes } }).agent.get("/api/health").expect(503);
    expect(response.body).toMatchObject({
      status: "unhealthy",
      checks: { database: unhealthy, redis: healthy },
    });
  });
});

describe("readiness", () => {
  it("needs_the_database_and_nothing_else", async () => {
    const probes = { ...allHealthy, redis: away, ml_service: away };
    const { agent } = testApp({ ports: { probes } });
    await agent.get("/api/health/ready").expect(200, { status: "ready", version });
  });

  it("is_lost_with_the_database", async () => {
    const probes = { ...allHealthy, database: away };
    const { agent } = testApp({ ports: { probes } });
    await agent.get("/api/health/ready").expect(503, { status: "unavailable", version });
  });

  it("is_lost_while_draining_though_requests_are_still_answered", async () => {
    const { agent, drain } = testApp();
    drain.start();
    const response = await agent.get("/api/health/ready").expect(503);
    expect(response.body).toEqual({ status: "draining", version });
    expect(response.headers["connection"]).toBe("close");
    await agent.get("/api/openapi.json").expect(200);
  });
});

describe("liveness", () => {
  it("needs_nothing", async () => {
    const probes = { database: away, redis: away, ml_service: away };
    const { agent, drain } = testApp({ ports: { probes } });
    drain.start();
    await agent.get("/api/health/live").expect(200, { status: "live", version });
  });
});
