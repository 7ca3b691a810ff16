// The three health endpoints.
import { describe, expect, it } from "@jest/globals";
import { healthWithout, testApp } from "../world/app.js";

const healthy = { status: "healthy", latency_ms: 1, age_ms: 10 };
const unhealthy = { status: "unhealthy", latency_ms: 1, age_ms: 10 };
const version = "1.2.3-test";

describe("health", () => {
  it("has_exactly_the_agreed_body", async () => {
    const { agent } = testApp({ environment: { APP_COMMIT: "0123abc" } });
    const response = await agent.get("/api/health").expect(200);
    expect(response.body).toEqual({
      status: "healthy",
      version,
      release: `nutri-backend@${version}`,
      commit: "0123abc",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      checks: { database: healthy, redis: healthy, ml_service: healthy },
    });
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it.each(["redis", "ml_service"] as const)("is_degraded_without_%s", async (name) => {
    const health = healthWithout(name);
    const response = await testApp({ ports: { health } }).agent.get("/api/health").expect(200);
    expect(response.body).toMatchObject({ status: "degraded", checks: { [name]: unhealthy } });
  });

  it("is_unhealthy_without_the_database", async () => {
    const health = healthWithout("database");
    const response = await testApp({ ports: { health } }).agent.get("/api/health").expect(503);
    expect(response.body).toMatchObject({
      status: "unhealthy",
      checks: { database: unhealthy, redis: healthy },
    });
  });
});

describe("readiness", () => {
  it("needs_the_database_and_nothing_else", async () => {
    const health = healthWithout("redis", "ml_service");
    const { agent } = testApp({ ports: { health } });
    await agent.get("/api/health/ready").expect(200, { status: "ready", version });
  });

  it("is_lost_with_the_database", async () => {
    const health = healthWithout("database");
    const { agent } = testApp({ ports: { health } });
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
    const health = healthWithout("database", "redis", "ml_service");
    const { agent, drain } = testApp({ ports: { health } });
    drain.start();
    await agent.get("/api/health/live").expect(200, { status: "live", version });
  });
});
