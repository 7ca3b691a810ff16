// Accounts over HTTP.
import { describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import { registered, testApp, testEnvironment } from "../world/app.js";

const credentials = { email: "Ada@Nutri.example", password: "correct horse" };

describe("accounts", () => {
  it("are_opened_with_a_token_and_without_telling_the_password", async () => {
    const { agent } = testApp();
    const response = await agent.post("/api/auth/register").send(credentials).expect(201);
    expect(response.body).toEqual({
      user: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        email: "ada@nutri.example",
        created_at: expect.stringMatching(/Z$/),
      },
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: 43_200,
    });
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it("are_not_opened_twice", async () => {
    const { agent } = testApp();
    await agent.post("/api/auth/register").send(credentials).expect(201);
    const again = { ...credentials, email: "ADA@NUTRI.EXAMPLE" };
    const response = await agent.post("/api/auth/register").send(again).expect(409);
    expect(response.body).toMatchObject({ error: { code: "email_taken", details: [] } });
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
    await agent.post("/api/auth/register").send(credentials).expect(201);
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

describe("a token", () => {
  const key = new TextEncoder().encode(testEnvironment.JWT_SECRET);
  const id = "5eed0000-0000-4000-8000-000000000000";
  const made = (change: (jwt: SignJWT) => SignJWT, secret = key) =>
    change(
      new SignJWT()
        .setProtectedHeader({ alg: "HS256" })
        .setSubject(id)
        .setIssuer("nutri-backend")
        .setAudience("nutri-backend")
        .setExpirationTime("1h"),
    ).sign(secret);

  it.each([
    ["missing", async () => Promise.resolve("")],
    ["not_a_token", async () => Promise.resolve("Bearer a.b.c")],
    ["of_another_kind", async () => Promise.resolve("Basic YTpi")],
    ["expired", async () => `Bearer ${await made((jwt) => jwt.setExpirationTime("-1s"))}`],
    ["from_somebody_else", async () => `Bearer ${await made((jwt) => jwt.setIssuer("x"))}`],
    ["for_somebody_else", async () => `Bearer ${await made((jwt) => jwt.setAudience("x"))}`],
    ["about_nobody", async () => `Bearer ${await made((jwt) => jwt.setSubject("x"))}`],
    [
      "under_another_key",
      async () => `Bearer ${await made((jwt) => jwt, new TextEncoder().encode("another"))}`,
    ],
    ["unsigned", async () => Promise.resolve("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")],
  ])("that_is_%s_opens_nothing", async (_what, authorization) => {
    const { agent } = testApp();
    const headers = { authorization: await authorization() };
    const response = await agent.get("/api/foods").set(headers).expect(401);
    expect(response.body).toMatchObject({ error: { code: "unauthenticated" } });
    expect(response.headers["www-authenticate"]).toBe("Bearer");
  });

  it("as_this_test_makes_them_is_good", async () => {
    const { agent } = testApp();
    const headers = { authorization: `Bearer ${await made((jwt) => jwt)}` };
    await agent.get("/api/foods").set(headers).expect(200);
    // Its account never existed, which only matters where the account is asked for.
    const response = await agent.get("/api/users/me").set(headers).expect(401);
    expect(response.body).toMatchObject({ error: { code: "unknown_user" } });
  });
});
