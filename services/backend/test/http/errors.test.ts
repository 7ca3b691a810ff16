// Every error has the same body, and only faults of ours are logged as errors.
import { describe, expect, it } from "@jest/globals";
import { unavailable } from "../../src/domain/refusal.js";
import { memoryStores } from "../world/memory.js";
import { registered, testApp } from "../world/app.js";

describe("an error", () => {
  it("has_the_same_body_for_an_unknown_path", async () => {
    const response = await testApp()
      .agent.get("/api/nothing")
      .set("x-request-id", "r-1")
      .expect(404);
    expect(response.body).toEqual({
      error: {
        code: "not_found",
        message: "cannot find `GET /api/nothing`",
        request_id: "r-1",
        details: [],
      },
    });
    expect(response.headers).toMatchObject({
      "x-request-id": "r-1",
      "x-app-version": "1.2.3-test",
    });
  });

  it.each([
    ["broken JSON", "{", 400, "invalid_request", "cannot read the request: its body is not JSON"],
    [
      "too much of it",
      JSON.stringify({ email: "x".repeat(70_000) }),
      413,
      "body_too_large",
      "too large",
    ],
  ])("is_told_apart_for_%s", async (_what, body, status, code, said) => {
    const response = await testApp()
      .agent.post("/api/auth/login")
      .set("content-type", "application/json")
      .send(body)
      .expect(status);
    expect(response.body).toMatchObject({
      error: { code, message: expect.stringContaining(said), request_id: expect.any(String) },
    });
  });

  it("is_an_unsupported_type_when_the_body_is_not_json", async () => {
    const { agent } = testApp();
    const form = await agent.post("/api/auth/login").type("form").send("email=a").expect(415);
    expect(form.body).toMatchObject({ error: { code: "unsupported_media_type", details: [] } });
    const encoded = agent.post("/api/auth/login").type("json").set("content-encoding", "x");
    expect((await encoded.send("{}").expect(415)).body).toMatchObject({
      error: { code: "unsupported_media_type" },
    });
    await agent.post("/api/auth/login").expect(400);
  });

  it.each(["/api/foods/", "/API/foods", "/api/health/live/", "/api/openapi.json/"])(
    "is_an_unknown_path_at_%s",
    async (path) => {
      await testApp().agent.get(path).expect(404);
    },
  );

  it("is_a_bad_request_when_bytes_are_no_utf_8_and_would_be_kept_as_something_else", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const post = (type: string, body: Buffer) => {
      const sent = app.agent.post("/api/meals").set(headers).set("content-type", type);
      return sent.serialize((it: unknown) => it as string).send(body);
    };
    const meal = '{"eaten_on":"2026-11-27","description":"cr\u00e8me"}';
    const latin = await post("application/json", Buffer.from(meal, "latin1")).expect(400);
    expect(latin.body).toMatchObject({
      error: { message: "cannot read the request: its body is not UTF-8" },
    });
    await post("application/json; charset=utf-16", Buffer.from(meal, "utf16le")).expect(415);
    await post("application/json; charset=UTF-8", Buffer.from(meal)).expect(201);
  });

  it.each([
    ["put", "/api/foods", "GET, HEAD, POST"],
    ["get", "/api/auth/login", "POST"],
    ["post", "/api/meals/5eed0000-0000-4000-8000-000000000000", "DELETE"],
    ["delete", "/api/health/ready", "GET, HEAD"],
    ["post", "/api/openapi.json", "GET, HEAD"],
  ] as const)("is_a_method_that_is_not_there_for_%s_%s", async (method, path, allow) => {
    const response = await testApp().agent[method](path).expect(405);
    expect(response.headers["allow"]).toBe(allow);
    expect(response.body).toMatchObject({ error: { code: "method_not_allowed", details: [] } });
  });

  it("has_no_body_when_only_the_head_was_asked_for", async () => {
    const { agent } = testApp();
    const response = await agent.head("/api/foods").expect(401);
    expect(response.text).toBeUndefined();
    await agent.head("/api/health/live").expect(200);
  });

  it("says_which_part_of_the_request_is_not_as_agreed", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/foods/7").set(headers).expect(400);
    expect(response.body).toMatchObject({
      error: {
        message: "cannot read the request: its path is not as agreed",
        details: [{ path: "params.id" }],
      },
    });
  });

  it("is_a_bad_request_when_the_path_cannot_be_decoded", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    await app.agent.get("/api/foods/%E0%A4%A").set(headers).expect(400);
  });

  it("is_503_with_retry_after_when_the_database_is_away", async () => {
    const { foods } = memoryStores();
    const search = () => Promise.reject(unavailable("database", new Error("refused")));
    const app = testApp({ ports: { foods: { ...foods, search } } });
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/foods").set(headers).expect(503);
    expect(response.body).toMatchObject({
      error: { code: "unavailable", message: "cannot reach the database now: try again shortly" },
    });
    expect(response.headers["retry-after"]).toBe("1");
    expect(app.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it("is_500_without_details_and_logged_with_them_when_the_fault_is_ours", async () => {
    const { foods } = memoryStores();
    const search = () => Promise.reject(new TypeError("secret inner workings"));
    const app = testApp({ ports: { foods: { ...foods, search } } });
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/foods").set(headers).expect(500);
    expect(response.text).not.toContain("secret inner workings");
    const { error } = response.body as { error: { code: string; request_id: string } };
    expect(error.code).toBe("internal");
    expect(app.lines.find(({ level }) => level === "error")).toMatchObject({
      request_id: error.request_id,
      error: { type: "TypeError", message: "secret inner workings" },
    });
  });

  it("is_500_when_our_own_answer_would_break_the_agreement", async () => {
    const { users } = memoryStores();
    const findById = () => Promise.resolve({ id: "x", email: "x", createdAt: new Date() });
    const app = testApp({ ports: { users: { ...users, findById } } });
    const { headers } = await registered(app);
    await app.agent.get("/api/users/me").set(headers).expect(500);
  });
});
