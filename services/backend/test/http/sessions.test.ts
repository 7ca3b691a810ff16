// Sessions over HTTP: how they go on, and all the ways in which they end.
import { describe, expect, it } from "@jest/globals";
import { unavailable } from "../../src/domain/refusal.js";
import { endpoints } from "../../src/http/app.js";
import { quickPasswords, registered, testApp, type TestApp } from "../world/app.js";
import { memoryStores } from "../world/memory.js";

const credentials = { email: "ada@nutri.example", password: "correct horse" };

interface Session {
  readonly token: string;
  readonly refresh_token: string;
  readonly headers: { authorization: string };
}

const sessionIn = (body: unknown): Session => {
  const session = body as Session;
  return { ...session, headers: { authorization: `Bearer ${session.token}` } };
};

async function logIn({ agent }: TestApp): Promise<Session> {
  await agent.post("/api/auth/register").send(credentials).expect(202);
  return sessionIn((await agent.post("/api/auth/login").send(credentials).expect(200)).body);
}

const me = ({ agent }: TestApp, { headers }: Pick<Session, "headers">) =>
  agent.get("/api/users/me").set(headers);

const refresh = ({ agent }: TestApp, { refresh_token }: Session) =>
  agent.post("/api/auth/refresh").send({ refresh_token });

describe("a session", () => {
  it("goes_on_with_a_token_that_is_good_once", async () => {
    const app = testApp();
    const first = await logIn(app);
    const second = sessionIn((await refresh(app, first).expect(200)).body);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    await me(app, second).expect(200);
    await refresh(app, second).expect(200);
  });

  it("ends_when_a_used_token_comes_back_for_whoever_has_it", async () => {
    const app = testApp();
    const stolen = await logIn(app);
    const thief = sessionIn((await refresh(app, stolen).expect(200)).body);
    const later = sessionIn((await refresh(app, thief).expect(200)).body);
    const answer = await refresh(app, stolen).expect(401);
    expect(answer.body).toMatchObject({ error: { code: "unauthenticated" } });
    await refresh(app, later).expect(401);
    await me(app, later).expect(401);
  });

  it("goes_on_when_the_answer_to_a_refresh_was_lost", async () => {
    const app = testApp();
    const first = await logIn(app);
    const lost = sessionIn((await refresh(app, first).expect(200)).body);
    const second = sessionIn((await refresh(app, first).expect(200)).body);
    await refresh(app, second).expect(200);
    await refresh(app, lost).expect(401);
    await me(app, second).expect(401);
  });

  it.each(["", "a.b", "a.b.c", "5eed0000-0000-4000-8000-000000000000.x.y", "x".repeat(201)])(
    "does_not_go_on_with_%j",
    async (refresh_token) => {
      const { agent } = testApp();
      const { status } = await agent.post("/api/auth/refresh").send({ refresh_token });
      expect(status).toBe(/^[\w.-]{1,200}$/.test(refresh_token) ? 401 : 400);
    },
  );

  it("goes_on_with_its_token_as_it_was_given_and_in_no_other_form", async () => {
    const app = testApp();
    const session = await logIn(app);
    const other = { ...session, refresh_token: `${session.refresh_token}.more` };
    await refresh(app, other).expect(401);
    await refresh(app, session).expect(200);
  });

  it("is_not_lost_when_its_account_cannot_be_read_for_a_while", async () => {
    const working = testApp();
    const session = await logIn(working);
    const { users, sessions } = working.stores;
    const away = () => Promise.reject(unavailable("database", new Error("away")));
    const broken = testApp({ ports: { sessions, users: { ...users, findById: away } } });
    await refresh(broken, session).expect(503);
    await refresh(working, session).expect(200);
  });

  it("ends_alone_or_with_all_others_of_its_account", async () => {
    const app = testApp();
    const [one, two, three] = [await logIn(app), await logIn(app), await logIn(app)];
    await app.agent.post("/api/auth/logout").set(one.headers).expect(204);
    await me(app, one).expect(401);
    await refresh(app, one).expect(401);
    await me(app, two).expect(200);
    await app.agent.post("/api/auth/logout-everywhere").set(two.headers).expect(204);
    for (const session of [two, three]) {
      await me(app, session).expect(401);
      await refresh(app, session).expect(401);
    }
  });

  it("ends_with_a_new_password_and_another_one_begins", async () => {
    const app = testApp();
    const [old, thief] = [await logIn(app), await logIn(app)];
    const change = { current_password: credentials.password, new_password: "a better horse" };
    const ask = (body: object) =>
      app.agent.post("/api/users/me/password").set(old.headers).send(body);
    const wrong = await ask({ ...change, current_password: "wrong horse" }).expect(400);
    expect(wrong.body).toMatchObject({
      error: { code: "wrong_password", details: [{ path: "body.current_password" }] },
    });
    await me(app, thief).expect(200);
    const fresh = sessionIn((await ask(change).expect(200)).body);
    for (const session of [old, thief]) await me(app, session).expect(401);
    await refresh(app, thief).expect(401);
    await me(app, fresh).expect(200);
    await app.agent.post("/api/auth/login").send(credentials).expect(401);
    const better = { ...credentials, password: change.new_password };
    await app.agent.post("/api/auth/login").send(better).expect(200);
  });

  it("goes_on_for_the_one_of_two_changes_at_once_that_won", async () => {
    // The second change looks at the password before the first one is over, and ends after it.
    let winner = (): void => undefined;
    const won = new Promise<void>((resolve) => (winner = resolve));
    let both = (): void => undefined;
    const underWay = new Promise<void>((resolve) => (both = resolve));
    let hashed = 0;
    const hash: typeof quickPasswords.hash = async (password) => {
      const turn = (hashed += 1);
      if (turn === 2) await underWay;
      if (turn === 3) {
        both();
        await won;
      }
      return quickPasswords.hash(password);
    };
    // A busy machine is no reason to give up.
    const environment = { REQUEST_TIMEOUT_MS: "120000" };
    const app = testApp({ environment, ports: { passwords: { ...quickPasswords, hash } } });
    const session = await logIn(app);
    const change = { current_password: credentials.password, new_password: "a better horse" };
    const ask = async () => {
      const it = await app.agent.post("/api/users/me/password").set(session.headers).send(change);
      winner();
      return it;
    };
    const answers = await Promise.all([ask(), ask()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const fresh = sessionIn(answers.find(({ status }) => status === 200)?.body);
    await me(app, fresh).expect(200);
    await refresh(app, fresh).expect(200);
  });

  it("is_not_begun_by_a_password_that_was_changed_while_it_was_checked", async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    const checked = async (given: string, stored: string | undefined) => {
      const verdict = await quickPasswords.check(given, stored);
      await meanwhile?.();
      return verdict;
    };
    const app = testApp({ ports: { passwords: { ...quickPasswords, check: checked } } });
    const owner = await logIn(app);
    const change = { current_password: credentials.password, new_password: "a better horse" };
    meanwhile = async () => {
      meanwhile = undefined;
      await app.agent.post("/api/users/me/password").set(owner.headers).send(change).expect(200);
    };
    const late = await app.agent.post("/api/auth/login").send(credentials).expect(401);
    expect(late.body).toMatchObject({ error: { code: "wrong_credentials" } });
    const better = { ...credentials, password: change.new_password };
    await app.agent.post("/api/auth/login").send(better).expect(200);
  });

  it("lets_nobody_guess_at_the_password_of_its_account", async () => {
    const app = testApp({ environment: { ACCOUNT_RATE_LIMIT_PER_MINUTE: "2" } });
    const { headers } = await logIn(app);
    const guess = { current_password: "wrong horse", new_password: "a better horse" };
    const change = () => app.agent.post("/api/users/me/password").set(headers).send(guess);
    const wrong = { ...credentials, password: "wrong horse" };
    const login = () => app.agent.post("/api/auth/login").send(wrong);
    await change().expect(400);
    await login().expect(401);
    // It is one password, however it is guessed at.
    await change().expect(429);
    await login().expect(429);
  });
});

describe("the token of an account that was closed", () => {
  const url = (path: string) => path.replace(":id", "5eed0000-0000-4000-8000-000000000000");
  const needed = endpoints.filter(({ access }) => access === "user");

  it.each(needed.map(({ method, path }) => [method, path] as const))(
    "opens_nothing_at_%s_%s",
    async (method, path) => {
      const app = testApp();
      const user = await registered(app);
      app.stores.closeAccount(user.id);
      const answer = await app.agent[method](url(path)).set(user.headers).expect(401);
      expect(answer.body).toMatchObject({ error: { code: "unauthenticated" } });
    },
  );

  it("is_not_refreshed", async () => {
    const app = testApp();
    const session = await logIn(app);
    const { body } = (await me(app, session).expect(200)) as { body: { id: string } };
    app.stores.closeAccount(body.id);
    await refresh(app, session).expect(401);
  });
});

describe("without the store of sessions", () => {
  const away = () => Promise.reject(unavailable("store of sessions", new Error("away")));
  const sessions = { open: away, rotate: away, end: away, endAll: away, hasEnded: away };

  it("a_login_is_good_for_the_minutes_of_its_token_and_says_so", async () => {
    const app = testApp({ ports: { sessions } });
    const session = await logIn(app);
    expect(session).toMatchObject({ refresh_token: null, refresh_expires_in: null });
    await me(app, session).expect(200);
    await app.agent.post("/api/auth/logout").set(session.headers).expect(503);
  });

  it.each(["logout", "logout-everywhere"])(
    "a_login_is_ended_by_%s_once_the_store_is_back",
    async (ending) => {
      const { sessions: there, users } = memoryStores();
      let isAway = true;
      const open: typeof there.open = (...given) => (isAway ? away() : there.open(...given));
      const sessions = { ...there, open };
      const app = testApp({ ports: { sessions, users } });
      const session = await logIn(app);
      expect(session.refresh_token).toBeNull();
      isAway = false;
      await me(app, session).expect(200);
      await app.agent.post(`/api/auth/${ending}`).set(session.headers).expect(204);
      await me(app, session).expect(401);
    },
  );

  it("what_cannot_be_promised_is_refused_and_the_password_stays", async () => {
    const working = testApp();
    const { headers, refresh_token } = await logIn(working);
    const app = testApp({ ports: { sessions, users: working.stores.users } });
    await me(app, { headers }).expect(200);
    await app.agent.post("/api/auth/refresh").send({ refresh_token }).expect(503);
    await app.agent.post("/api/auth/logout").set(headers).expect(503);
    await app.agent.post("/api/auth/logout-everywhere").set(headers).expect(503);
    const change = { current_password: credentials.password, new_password: "a better horse" };
    await app.agent.post("/api/users/me/password").set(headers).send(change).expect(503);
    await app.agent.post("/api/auth/login").send(credentials).expect(200);
  });
});
