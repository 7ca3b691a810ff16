// What every request meets: ids, versions, log lines, limits, other origins.
import { MemoryStore } from "express-rate-limit";
import { describe, expect, it } from "@jest/globals";
import { testApp } from "../world/app.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

describe("a request id", () => {
  it.each(["abc", "A-1_b.c", "x".repeat(64)])("is_kept_when_it_is_%s", async (id) => {
    const response = await testApp().agent.get("/api/health/live").set("x-request-id", id);
    expect(response.headers["x-request-id"]).toBe(id);
  });

  it.each([
    "",
    "x".repeat(65),
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "two words",
    'quote"',
    "<b>",
  ])("is_made_anew_when_it_is_%p", async (id) => {
    const response = await testApp().agent.get("/api/health/live").set("x-request-id", id);
    expect(response.headers["x-request-id"]).toMatch(uuid);
  });
});

describe("a log line of a request", () => {
  it("names_the_path_without_the_query", async () => {
    const app = testApp();
    await app.agent.get("/api/foods?q=secret").set("x-request-id", "r-1").expect(401);
    expect(app.lines).toEqual([
      expect.objectContaining({
        level: "info",
        request_id: "r-1",
        method: "GET",
        path: "/api/foods",
        status: 401,
        duration_ms: expect.any(Number),
        message: "request answered",
      }),
    ]);
    expect(JSON.stringify(app.lines)).not.toContain("secret");
  });

  it("does_not_tell_what_a_path_hides", async () => {
    const app = testApp();
    await app.agent.get("/api/leak.me%40private.example/password%3Dhunter2");
    expect(app.lines).toMatchObject([{ path: "/api/[email]/password=[redacted]" }]);
  });

  it("is_only_for_debugging_when_it_is_about_health", async () => {
    const app = testApp();
    await app.agent.get("/api/health/live");
    expect(app.lines).toMatchObject([{ level: "debug", path: "/api/health/live" }]);
  });
});

describe("limits", () => {
  const login = { email: "a@nutri.example", password: "wrong horse" };

  it("stop_guessing_of_passwords_and_say_how_long_to_wait", async () => {
    const { agent } = testApp({ environment: { AUTH_RATE_LIMIT_PER_MINUTE: "2" } });
    for (let count = 0; count < 2; count++)
      await agent.post("/api/auth/login").send(login).expect(401);
    const response = await agent.post("/api/auth/login").send(login).expect(429);
    expect(response.body).toMatchObject({ error: { code: "too_many_requests" } });
    expect(Number(response.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("count_visitors_apart_by_what_the_proxy_says", async () => {
    const { agent } = testApp({ environment: { RATE_LIMIT_PER_MINUTE: "1" } });
    const from = (address: string) => agent.get("/api/foods").set("x-forwarded-for", address);
    await from("192.0.2.1").expect(401);
    await from("192.0.2.1").expect(429);
    await from("192.0.2.2").expect(401);
  });

  it("do_not_believe_a_visitor_who_is_not_behind_a_proxy", async () => {
    const { agent } = testApp({
      environment: { RATE_LIMIT_PER_MINUTE: "1", TRUST_PROXY_HOPS: "0" },
    });
    await agent.get("/api/foods").set("x-forwarded-for", "192.0.2.1").expect(401);
    await agent.get("/api/foods").set("x-forwarded-for", "192.0.2.2").expect(429);
  });

  it.each(["/api/openapi.json", "/api/nothing", "/api/auth/login", "/", "/api/health/nothing"])(
    "stand_before_%s_as_well",
    async (path) => {
      const { agent } = testApp({ environment: { RATE_LIMIT_PER_MINUTE: "1" } });
      expect((await agent.get(path)).status).not.toBe(429);
      await agent.get(path).expect(429);
    },
  );

  it("stand_before_what_another_origin_asks_first_and_let_it_read_that", async () => {
    const environment = { RATE_LIMIT_PER_MINUTE: "1", CORS_ORIGINS: "https://nutri.example" };
    const { agent } = testApp({ environment });
    const ask = () => agent.options("/api/foods").set("origin", "https://nutri.example");
    const first = await ask().expect(204);
    expect(first.headers["access-control-allow-methods"]).toContain("POST");
    const second = await ask().expect(429);
    expect(second.headers["access-control-allow-origin"]).toBe("https://nutri.example");
  });

  it.each([
    ["5.5.5.5:4711", "5.5.5.5:1"],
    ["[2001:db8::1]:80", "2001:db8::1"],
    ["nonsense", "other nonsense"],
    ["5.5.5.5.5:4711", "999.5.5.5"],
  ])("count_%s_and_%s_as_one_visitor", async (one, other) => {
    const { agent } = testApp({ environment: { RATE_LIMIT_PER_MINUTE: "1" } });
    const from = (address: string) => agent.get("/api/foods").set("x-forwarded-for", address);
    await from(one).expect(401);
    await from(other).expect(429);
    await from("192.0.2.9").expect(401);
  });

  it("leave_health_alone", async () => {
    const hits = {
      general: new MemoryStore(),
      auth: new MemoryStore(),
      account: new MemoryStore(),
    };
    const { agent } = testApp({ environment: { RATE_LIMIT_PER_MINUTE: "1" }, ports: { hits } });
    for (let count = 0; count < 5; count++) await agent.get("/api/health/ready").expect(200);
  });
});

describe("other origins", () => {
  const environment = { CORS_ORIGINS: "https://nutri.example" };

  it("may_ask_when_they_are_listed", async () => {
    const { agent } = testApp({ environment });
    const response = await agent.get("/api/foods").set("origin", "https://nutri.example");
    expect(response.headers["access-control-allow-origin"]).toBe("https://nutri.example");
    const exposed = String(response.headers["access-control-expose-headers"]).split(",");
    expect(exposed).toEqual(expect.arrayContaining(["retry-after", "ratelimit", "x-request-id"]));
  });

  it("may_not_ask_otherwise", async () => {
    const { agent } = testApp({ environment });
    const response = await agent.get("/api/foods").set("origin", "https://evil.example");
    expect(response.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("plain HTTP", () => {
  const environment = { HTTPS_ONLY: "true" };
  const plain = { "x-forwarded-proto": "http" };

  it("is_redirected_when_somebody_reads_and_refused_when_they_tell_something", async () => {
    const { agent } = testApp({ environment });
    const read = await agent.get("/api/foods?q=a").set(plain).set("host", "api.nutri.example");
    expect(read.status).toBe(308);
    expect(read.headers["location"]).toBe("https://api.nutri.example/api/foods?q=a");
    const told = await agent.post("/api/auth/login").set(plain).send({}).expect(403);
    expect(told.body).toMatchObject({ error: { code: "https_only" } });
    await agent.get("/api/health/live").set(plain).expect(200);
  });

  it("is_what_the_nearest_proxy_says_and_nobody_before_it", async () => {
    const { agent } = testApp({ environment });
    const ask = (proto: string) => agent.get("/api/openapi.json").set("x-forwarded-proto", proto);
    await ask("https").expect(200);
    const { agent: bare } = testApp({ environment: { ...environment, TRUST_PROXY_HOPS: "0" } });
    await bare.get("/api/openapi.json").set("x-forwarded-proto", "https").expect(308);
  });

  it("is_the_last_word_of_one_proxy_and_the_second_last_of_two", async () => {
    const ask = (hops: string, proto: string) =>
      testApp({ environment: { ...environment, TRUST_PROXY_HOPS: hops } })
        .agent.get("/api/openapi.json")
        .set("x-forwarded-proto", proto);
    await ask("1", "https, http").expect(308);
    await ask("1", "http, https").expect(200);
    await ask("2", "http, https, http").expect(200);
    await ask("2", "https, http, https").expect(308);
  });

  it("is_redirected_to_the_host_that_was_asked_and_to_no_other", async () => {
    const { agent } = testApp({ environment });
    const read = await agent
      .get("/api/foods")
      .set({ ...plain, host: "api.nutri.example", "x-forwarded-host": "evil.example" });
    expect(read.headers["location"]).toBe("https://api.nutri.example/api/foods");
  });

  it("is_fine_where_nobody_said_otherwise", async () => {
    await testApp().agent.get("/api/openapi.json").set(plain).expect(200);
  });
});

describe("every response", () => {
  it("forbids_what_browsers_should_not_do_with_it", async () => {
    const response = await testApp().agent.get("/api/health/live");
    expect(response.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "strict-transport-security": expect.stringContaining("max-age="),
      "content-security-policy": "default-src 'none';frame-ancestors 'none'",
    });
    expect(response.headers["x-powered-by"]).toBeUndefined();
  });
});
