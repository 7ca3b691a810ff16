// Accounts over HTTP.
import { describe, expect, it } from "@jest/globals";
import jwt from "jsonwebtoken";
import { Refusal } from "../../src/domain/refusal.js";
import {
  quickPasswords,
  registered,
  testApp,
  testEnvironment,
  type TestApp,
} from "../world/app.js";

const credentials = { email: "Ada@Nutri.example", password: "correct horse" };

describe("accounts", () => {
  it("are_opened_and_entered_without_telling_the_password", async () => {
    const { agent } = testApp();
    await agent.post("/api/auth/register").send(credentials).expect(202, { status: "accepted" });
    const response = await agent.post("/api/auth/login").send(credentials).expect(200);
    expect(response.body).toEqual({
      user: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        email: "ada@nutri.example",
        created_at: expect.stringMatching(/Z$/),
      },
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: 600,
      refresh_token: expect.stringMatching(/^[\w.-]+$/),
      refresh_expires_in: 2_592_000,
    });
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it("are_opened_once_and_strangers_do_not_learn_that_they_are", async () => {
    const { agent } = testApp();
    const ask = (email: string, password: string) =>
      agent.post("/api/auth/register").set("x-request-id", "same").send({ email, password });
    const first = await ask("ada@nutri.example", "correct horse").expect(202);
    const again = await ask("ADA@NUTRI.EXAMPLE", "another horse").expect(202);
    const told = ({ headers, body }: typeof first) => {
      const { date: _date, ratelimit: _left, ...rest } = headers as Record<string, string>;
      return { rest, body: body as unknown };
    };
    expect(told(again)).toEqual(told(first));
    await agent.post("/api/auth/login").send(credentials).expect(200);
  });

  it("say_everything_that_is_wrong_with_a_registration", async () => {
    const { agent } = testApp();
    const body = { email: "not an email", password: "short" };
    const response = await agent.post("/api/auth/register").send(body).expect(400);
    expect(response.body).toMatchObject({
      error: {
        code: "invalid_request",
        message: "cannot read the request: its body is not as agreed",
        details: [{ path: "body.email" }, { path: "body.password" }],
      },
    });
  });

  it("let_their_owner_in_and_give_strangers_one_answer", async () => {
    const { agent } = testApp();
    await agent.post("/api/auth/register").send(credentials).expect(202);
    await agent.post("/api/auth/login").send(credentials).expect(200);
    const wrong = await agent
      .post("/api/auth/login")
      .set("x-request-id", "same")
      .send({ ...credentials, password: "wrong horse" })
      .expect(401);
    const unknown = await agent
      .post("/api/auth/login")
      .set("x-request-id", "same")
      .send({ ...credentials, email: "bob@nutri.example" })
      .expect(401);
    expect(unknown.body).toEqual(wrong.body);
  });

  it("are_read_with_their_token", async () => {
    const app = testApp();
    const user = await registered(app);
    const response = await app.agent.get("/api/users/me").set(user.headers).expect(200);
    expect(response.body).toMatchObject({ id: user.id, email: user.email });
  });
});

describe("guessing", () => {
  const login = (app: TestApp, address: string, email: string) =>
    app.agent
      .post("/api/auth/login")
      .set("x-forwarded-for", address)
      .send({ email, password: "wrong horse" });

  it("at_one_account_is_limited_from_however_many_addresses", async () => {
    const app = testApp({ environment: { ACCOUNT_RATE_LIMIT_PER_MINUTE: "3" } });
    for (const last of [1, 2, 3])
      await login(app, `192.0.2.${last}`, "ada@nutri.example").expect(401);
    const limited = await login(app, "192.0.2.4", " ADA@nutri.example").expect(429);
    expect(limited.body).toMatchObject({ error: { code: "too_many_requests" } });
    expect(Number(limited.headers["retry-after"])).toBeGreaterThan(0);
    await login(app, "192.0.2.4", "bob@nutri.example").expect(401);
  });

  it("does_not_include_logins_that_succeed", async () => {
    const app = testApp({ environment: { ACCOUNT_RATE_LIMIT_PER_MINUTE: "1" } });
    await app.agent.post("/api/auth/register").send(credentials).expect(202);
    for (let count = 0; count < 3; count += 1)
      await app.agent.post("/api/auth/login").send(credentials).expect(200);
  });

  it("is_not_what_a_malformed_registration_or_login_is", async () => {
    const app = testApp({ environment: { ACCOUNT_RATE_LIMIT_PER_MINUTE: "1" } });
    await app.agent.post("/api/auth/register").send(credentials).expect(202);
    for (const last of [1, 2, 3]) {
      const ask = (path: string, body: object) =>
        app.agent.post(path).set("x-forwarded-for", `192.0.2.${last}`).send(body);
      await ask("/api/auth/register", { ...credentials, password: "short" }).expect(400);
      await ask("/api/auth/login", { ...credentials, password: "" }).expect(400);
    }
    await app.agent.post("/api/auth/login").send(credentials).expect(200);
  });

  it("is_not_what_many_are_who_know_the_password_at_once", async () => {
    let known = (): void => undefined;
    const all = new Promise<void>((resolve) => (known = resolve));
    let waiting = 0;
    const check: typeof quickPasswords.check = async (password, stored) => {
      // Each is answered when all are being looked at.
      if ((waiting += 1) === 14) known();
      await all;
      return quickPasswords.check(password, stored);
    };
    const environment = { ACCOUNT_RATE_LIMIT_PER_MINUTE: "10" };
    const app = testApp({ environment, ports: { passwords: { ...quickPasswords, check } } });
    await app.agent.post("/api/auth/register").send(credentials).expect(202);
    const answers = await Promise.all(
      Array.from({ length: 14 }, async () => {
        const { status } = await app.agent.post("/api/auth/login").send(credentials);
        if (status !== 200) known();
        return status;
      }),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
  });

  it("without_an_email_is_a_malformed_request_like_any_other", async () => {
    const { agent } = testApp();
    await agent.post("/api/auth/login").send({ email: 7, password: "x" }).expect(400);
  });

  it("gets_503_and_a_time_to_wait_when_too_many_passwords_are_looked_at", async () => {
    const busy = new Refusal("unavailable", "busy", "too many");
    const passwords = { ...quickPasswords, check: () => Promise.reject(busy) };
    const environment = { ACCOUNT_RATE_LIMIT_PER_MINUTE: "1" };
    const { agent } = testApp({ environment, ports: { passwords } });
    // It does not count as a guess: nobody looked at it.
    for (let count = 0; count < 3; count += 1) {
      const response = await agent.post("/api/auth/login").send(credentials).expect(503);
      expect(response.body).toMatchObject({ error: { code: "busy" } });
      expect(response.headers["retry-after"]).toBe("1");
    }
  });
});

/** Its head is of a JWT, its content `abc`. */
const ofNoJson = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.YWJj.x";

describe("a token", () => {
  const id = "5eed0000-0000-4000-8000-000000000000";
  const claims = { sub: id, iss: "nutri-backend", aud: "nutri-backend" };
  const made = (change: object = {}, secret: string = testEnvironment.JWT_SECRET) =>
    `Bearer ${jwt.sign({ exp: Date.now() / 1000 + 3600, ...claims, ...change }, secret)}`;

  it.each([
    ["missing", ""],
    ["not_a_token", "Bearer a.b.c"],
    ["of_no_json", `Bearer ${ofNoJson}`],
    ["of_another_kind", "Basic YTpi"],
    ["expired", made({ exp: Date.now() / 1000 - 1 })],
    ["from_somebody_else", made({ iss: "x" })],
    ["for_somebody_else", made({ aud: "x" })],
    ["about_nobody", made({ sub: "x" })],
    ["under_another_key", made({}, "another")],
    ["unsigned", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."],
  ])("that_is_%s_opens_nothing", async (_what, authorization) => {
    const { agent } = testApp();
    const response = await agent.get("/api/foods").set({ authorization }).expect(401);
    expect(response.body).toMatchObject({ error: { code: "unauthenticated" } });
    expect(response.headers["www-authenticate"]).toBe("Bearer");
  });

  it("as_this_test_makes_them_is_good", async () => {
    const app = testApp();
    const user = await registered(app);
    await app.agent
      .get("/api/foods")
      .set({ authorization: made({ sub: user.id }) })
      .expect(200);
  });
});
