// Settings are checked once, complained about together, and never repeat a value.
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import {
  declaredSettings,
  readSeedSettings,
  readSettings,
  SettingsError,
} from "../src/settings.js";

const good = {
  DATABASE_URL: "postgresql://nutri:pw@db:5432/nutri",
  REDIS_URL: "redis://cache:6379",
  ML_SERVICE_URL: "http://ml-service:8000/",
  JWT_SECRET: "Zf3nVb1xQ9w7Rk5tYp2sLd8uHg4jMc6a",
};

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe("settings", () => {
  it("have_defaults_for_all_that_can_have_one", () => {
    expect(readSettings(good)).toEqual({
      mode: "production",
      appVersion: "dev",
      appCommit: undefined,
      release: "nutri-backend@dev",
      host: "0.0.0.0",
      port: 3000,
      metricsPort: 9464,
      logLevel: "info",
      drainSeconds: 5,
      databaseUrl: good.DATABASE_URL,
      databasePoolSize: 10,
      requestTimeoutMs: 10_000,
      redisUrl: good.REDIS_URL,
      mlServiceUrl: "http://ml-service:8000",
      jwtSecret: good.JWT_SECRET,
      jwtSecretPrevious: undefined,
      sentryDsn: undefined,
      sentryEnvironment: "production",
      sentrySampleRate: 1,
      corsOrigins: [],
      trustProxyHops: 1,
      httpsOnly: false,
      rateLimitPerMinute: 1200,
      authRateLimitPerMinute: 20,
      accountRateLimitPerMinute: 10,
      estimateRateLimitPerMinute: 300,
      passwordThreads: 1,
      passwordQueue: 16,
    });
  });

  it("treat_empty_as_not_set", () => {
    expect(readSettings({ ...good, PORT: "", APP_VERSION: " " })).toEqual(readSettings(good));
  });

  it("read_a_list_of_origins", () => {
    const settings = readSettings({ ...good, CORS_ORIGINS: "https://a.app, https://b.app:8443," });
    expect(settings.corsOrigins).toEqual(["https://a.app", "https://b.app:8443"]);
  });

  it("list_every_mistake_at_once", () => {
    const problems = problemsOf({
      NODE_ENV: "staging",
      PORT: "70000",
      DRAIN_SECONDS: "soon",
      DATABASE_URL: "mysql://db",
      CORS_ORIGINS: "https://a.app/path",
      JWT_SECRET: "short",
      JWT_SECRET_PREVIOUS: "short",
    });
    expect(problems).toEqual([
      'NODE_ENV: Invalid option: expected one of "production"|"development"|"test"',
      "PORT: Too big: expected number to be <=65535",
      "DRAIN_SECONDS: must be a whole number",
      "DATABASE_URL: must be a URL that starts with postgresql:// or postgres://",
      "REDIS_URL: is not set",
      "ML_SERVICE_URL: is not set",
      "CORS_ORIGINS: must be origins such as https://nutri.app, with commas between",
      "JWT_SECRET: must have at least 32 characters in production",
      "JWT_SECRET_PREVIOUS: must have at least 32 characters in production",
    ]);
  });

  it.each([
    ["JWT_SECRET", "change-me-change-me-change-me-change-me"],
    ["JWT_SECRET", "<generate with openssl rand -hex 32>"],
    ["DATABASE_URL", "postgresql://nutri:CHANGEME@db/nutri"],
    ["REDIS_URL", "redis://:placeholder@cache:6379"],
  ])("refuse_the_placeholder_in_%s", (name, value) => {
    expect(problemsOf({ ...good, [name]: value })).toEqual([`${name}: is still a placeholder`]);
  });

  it("let_a_developer_use_weak_secrets", () => {
    expect(problemsOf({ ...good, NODE_ENV: "development", JWT_SECRET: "change-me" })).toEqual([]);
  });

  it("never_repeat_a_value", () => {
    const error = new SettingsError(
      problemsOf({ ...good, JWT_SECRET: "hunter2", PORT: "hunter2" }),
    );
    expect(error.message).toBe(
      "cannot start: the settings are wrong:" +
        "\n  - PORT: must be a whole number" +
        "\n  - JWT_SECRET: must have at least 32 characters in production" +
        "\n  hint: see docs/deployment/ENVIRONMENT.md",
    );
  });

  it.each([
    ["JWT_SECRET", "nutri-secret-nutri-secret-nutri-secret"],
    ["JWT_SECRET_PREVIOUS", "abcdefghijklmnopqrstuvwxyz012345"],
  ])("refuse_a_key_that_can_be_guessed_in_%s", (name, value) => {
    expect(problemsOf({ ...good, [name]: value })).toEqual([
      `${name}: can be guessed; draw one at random, for example with \`openssl rand -hex 32\``,
    ]);
  });

  it.each([
    ["DATABASE_URL", "postgresql://nutri:Postgres@db/nutri"],
    ["REDIS_URL", "redis://:redis@cache:6379"],
  ])("refuse_the_password_of_every_example_in_%s", (name, value) => {
    expect(problemsOf({ ...good, [name]: value })).toEqual([
      `${name}: its password is one that everybody tries first`,
    ]);
  });

  it.each([
    "https://sentry.example/1",
    "https://key@sentry.example",
    "https://key@sentry.example/",
    "https://key@sentry.example/project",
    "https://key@sentry.example/1?x",
    "https://key@sentry.example:99999/1",
    "https://ke-y@sentry.example/1",
    "https://key:se-cret@sentry.example/1",
    "ftp://key@sentry.example/1",
    "hunter2",
  ])("refuse_the_dsn_%s_without_repeating_it", (SENTRY_DSN) => {
    expect(problemsOf({ ...good, SENTRY_DSN })).toEqual([
      "SENTRY_DSN: must be a DSN as Sentry shows it: https://KEY@HOST/PROJECT",
    ]);
  });

  it.each([
    "https://0123abc@o1.ingest.sentry.example/42",
    "http://key:secret@127.0.0.1:9000/path/42",
    "http://key@[::1]:9000/42",
  ])("take_the_dsn_%s", (SENTRY_DSN) => {
    expect(readSettings({ ...good, SENTRY_DSN }).sentryDsn).toBe(SENTRY_DSN);
  });

  // `docs/deployment/ENVIRONMENT.md` and `.env.example` are made of that file.
  it("are_as_settings_json_lists_them", async () => {
    const text = `${JSON.stringify(declaredSettings(), null, 2)}\n`;
    if (process.env["UPDATE_EXPECTED"] === "1") await writeFile("settings.json", text);
    expect(text).toBe(await readFile("settings.json", "utf8"));
  });

  it("say_of_each_what_it_is_and_which_are_secret", () => {
    for (const { type, description } of declaredSettings())
      expect([type, description]).not.toContain("");
    const secret = declaredSettings().filter((it) => it.secret);
    expect(secret.map(({ name }) => name)).toEqual([
      "DATABASE_URL",
      "REDIS_URL",
      "JWT_SECRET",
      "JWT_SECRET_PREVIOUS",
      "SENTRY_DSN",
      "SEED_DEMO_PASSWORD",
    ]);
  });
});

describe("settings of the seed", () => {
  it("need_a_database_and_may_have_a_demo_password", () => {
    const { DATABASE_URL } = good;
    expect(readSeedSettings({ DATABASE_URL }).demoPassword).toBeUndefined();
    expect(
      readSeedSettings({ DATABASE_URL, SEED_DEMO_PASSWORD: "correct horse" }).demoPassword,
    ).toBe("correct horse");
    expect(() => readSeedSettings({ SEED_DEMO_PASSWORD: "short" })).toThrow(
      "\n  - DATABASE_URL: is not set\n  - SEED_DEMO_PASSWORD: Too small",
    );
  });
});
