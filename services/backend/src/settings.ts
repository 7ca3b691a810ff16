// Everything the service is told from outside, read and checked once; both programs hand their
// environment over here. All mistakes are listed together, and values are never repeated: they
// may be secret.
import { z } from "zod";

import { weaknessOf } from "./strength.js";

const placeholder = /change[-_ ]?me|placeholder|your[-_ ]?secret|example[-_ ]?secret|<[^>]*>/i;

/** What a setting is, beside what is checked: `settings.json` is made of it. */
interface Declared {
  readonly type: string;
  readonly description: string;
  readonly secret?: true;
  /** What stands in the page for a default that depends on others. */
  readonly defaults?: string;
}

/** The only way to a setting: it is declared where it is checked. */
const setting = <Schema extends z.ZodType>(schema: Schema, declared: Declared): Schema =>
  schema.meta({ ...declared });

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${protocols.map((it) => `${it}//`).join(" or ")}`,
  });

/** What stands in one: a public key, a host, and the number of a project at the end of its path. */
const dsnForm = /^https?:\/\/\w+(?::\w*)?@(?:\[[:.\w]+\]|[\w.-]+)(?::\d+)?\/(?:[^?#\s]*\/)?\d+$/;

/** The SDK prints one that it cannot read, and reports nothing. */
const dsn = z.string().refine((text) => dsnForm.test(text) && URL.canParse(text), {
  message: "must be a DSN as Sentry shows it: https://KEY@HOST/PROJECT",
});

const count = (min: number, max: number, normally: number, description: string) =>
  setting(
    z
      .string()
      .regex(/^\d+$/, "must be a whole number")
      .transform(Number)
      .pipe(z.int().min(min).max(max))
      .default(normally),
    { type: `whole number, ${String(min)} to ${String(max)}`, description },
  );

const databaseUrl = setting(url("postgresql:", "postgres:"), {
  type: "URL of Postgres",
  description: "where everything is kept, as the role `nutri_app`; a transaction pooler will do",
  secret: true,
});

const settingsSchema = z.object({
  NODE_ENV: setting(z.enum(["production", "development", "test"]).default("production"), {
    type: "`production`, `development` or `test`",
    description: "`development` and `test` accept weak secrets",
  }),
  APP_VERSION: setting(
    z
      .string()
      .regex(/^[\w.+-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ + -")
      .default("dev"),
    { type: "text", description: "shown in health, logs and the header `x-app-version`" },
  ),
  APP_COMMIT: setting(
    z
      .string()
      .regex(/^[0-9a-f]{7,64}$/, "must be the digits of a commit")
      .optional(),
    { type: "digits of a commit", description: "the commit it was built from; shown in health" },
  ),
  HOST: setting(z.string().min(1).default("0.0.0.0"), {
    type: "address",
    description: "address to listen on",
  }),
  PORT: count(0, 65_535, 3000, "port to listen on; `0` takes a free one and logs it"),
  METRICS_PORT: count(0, 65_535, 9464, "port of `/metrics`; `0` for none"),
  LOG_LEVEL: setting(
    z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
    {
      type: "`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`",
      description: "`debug` also shows health requests",
    },
  ),
  DRAIN_SECONDS: count(0, 300, 5, "how long serving goes on after SIGTERM"),
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: count(
    1,
    500,
    10,
    "connections to Postgres at most, and one more that only asks how it is",
  ),
  REQUEST_TIMEOUT_MS: count(
    100,
    120_000,
    10_000,
    "after so many milliseconds a request is answered 503 `too_slow`",
  ),
  REDIS_URL: setting(url("redis:", "rediss:"), {
    type: "URL of Redis",
    description: "sessions, limits and what is cached; may be down",
    secret: true,
  }),
  ML_SERVICE_URL: setting(url("http:", "https:"), {
    type: "URL",
    description: "the ML service; may be down",
  }),
  JWT_SECRET: setting(z.string().min(1), {
    type: "text",
    description:
      "the key of access tokens; in production at least 32 characters that nobody guesses",
    secret: true,
  }),
  JWT_SECRET_PREVIOUS: setting(z.string().optional(), {
    type: "text",
    description: "the key before it: its tokens are still good, and it signs none",
    secret: true,
  }),
  SENTRY_DSN: setting(dsn.optional(), {
    type: "URL",
    description: "where faults are reported; without it, nowhere",
    secret: true,
  }),
  SENTRY_ENVIRONMENT: setting(z.string().max(64).optional(), {
    type: "text",
    description: "the environment they are reported under",
    defaults: "`NODE_ENV`",
  }),
  SENTRY_SAMPLE_PERCENT: count(0, 100, 100, "how many of them"),
  CORS_ORIGINS: setting(
    z
      .string()
      .transform((text) =>
        text
          .split(",")
          .map((origin) => origin.trim())
          .filter((origin) => origin !== ""),
      )
      .pipe(
        z.array(
          z
            .string()
            .refine(isOrigin, "must be origins such as https://nutri.app, with commas between"),
        ),
      )
      .default([]),
    { type: "origins, with commas between", description: "browser origins that may call the API" },
  ),
  TRUST_PROXY_HOPS: count(0, 10, 1, "how many proxies stand in front"),
  HTTPS_ONLY: setting(
    z
      .enum(["true", "false"])
      .default("false")
      .transform((text) => text === "true"),
    {
      type: "`true` or `false`",
      description: "`true`: what the proxy got over plain HTTP is redirected or refused",
    },
  ),
  RATE_LIMIT_PER_MINUTE: count(1, 1_000_000, 1200, "requests of one address"),
  AUTH_RATE_LIMIT_PER_MINUTE: count(1, 1_000_000, 20, "registrations and logins of one address"),
  ACCOUNT_RATE_LIMIT_PER_MINUTE: count(
    1,
    1_000_000,
    10,
    "failed logins to one account, from however many addresses",
  ),
  ESTIMATE_RATE_LIMIT_PER_MINUTE: count(
    1,
    1_000_000,
    300,
    "texts of one account that the ML service estimates; remembered ones are free",
  ),
  PASSWORD_THREADS: count(1, 64, 1, "passwords hashed at once; no more than cores"),
  PASSWORD_QUEUE: count(1, 1_000, 16, "how many more may wait; beyond it the answer is 503"),
});

const seedSchema = z.object({
  DATABASE_URL: databaseUrl,
  SEED_DEMO_PASSWORD: setting(z.string().min(10).max(200).optional(), {
    type: "text, 10 to 200 characters",
    description: "only for the seed: makes three people of whom each ate for a month",
    secret: true,
  }),
});

export interface Settings {
  readonly mode: "production" | "development" | "test";
  readonly appVersion: string;
  readonly appCommit: string | undefined;
  /** The version under the name of this service, as other programs list it. */
  readonly release: string;
  readonly host: string;
  readonly port: number;
  /** Undefined when nobody may ask for metrics. */
  readonly metricsPort: number | undefined;
  readonly logLevel: z.infer<typeof settingsSchema>["LOG_LEVEL"];
  readonly drainSeconds: number;
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  readonly requestTimeoutMs: number;
  readonly redisUrl: string;
  readonly mlServiceUrl: string;
  readonly jwtSecret: string;
  /** Tokens under it are still good; it signs none. */
  readonly jwtSecretPrevious: string | undefined;
  /** Undefined when faults are told to nobody. */
  readonly sentryDsn: string | undefined;
  readonly sentryEnvironment: string;
  readonly sentrySampleRate: number;
  readonly corsOrigins: readonly string[];
  readonly trustProxyHops: number;
  readonly httpsOnly: boolean;
  readonly rateLimitPerMinute: number;
  readonly authRateLimitPerMinute: number;
  readonly accountRateLimitPerMinute: number;
  readonly estimateRateLimitPerMinute: number;
  readonly passwordThreads: number;
  readonly passwordQueue: number;
}

export interface SeedSettings {
  readonly databaseUrl: string;
  /** Without one, no demo user is made: a password known from a repository is no password. */
  readonly demoPassword: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(readonly problems: readonly string[]) {
    const listed = problems.map((problem) => `\n  - ${problem}`).join("");
    super(
      `cannot start: the settings are wrong:${listed}\n  hint: see docs/deployment/ENVIRONMENT.md`,
    );
  }
}

export function readSettings(environment: Environment): Settings {
  const parsed = settingsSchema.safeParse(withoutBlanks(environment));
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map(problemOf)),
    ...weakSecretsIn(environment),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);

  const given = parsed.data;
  return {
    mode: given.NODE_ENV,
    appVersion: given.APP_VERSION,
    appCommit: given.APP_COMMIT,
    release: `nutri-backend@${given.APP_VERSION}`,
    host: given.HOST,
    port: given.PORT,
    metricsPort: given.METRICS_PORT === 0 ? undefined : given.METRICS_PORT,
    logLevel: given.LOG_LEVEL,
    drainSeconds: given.DRAIN_SECONDS,
    databaseUrl: given.DATABASE_URL,
    databasePoolSize: given.DATABASE_POOL_SIZE,
    requestTimeoutMs: given.REQUEST_TIMEOUT_MS,
    redisUrl: given.REDIS_URL,
    mlServiceUrl: given.ML_SERVICE_URL.replace(/\/+$/, ""),
    jwtSecret: given.JWT_SECRET,
    jwtSecretPrevious: given.JWT_SECRET_PREVIOUS,
    sentryDsn: given.SENTRY_DSN,
    sentryEnvironment: given.SENTRY_ENVIRONMENT ?? given.NODE_ENV,
    sentrySampleRate: given.SENTRY_SAMPLE_PERCENT / 100,
    corsOrigins: given.CORS_ORIGINS,
    trustProxyHops: given.TRUST_PROXY_HOPS,
    httpsOnly: given.HTTPS_ONLY,
    rateLimitPerMinute: given.RATE_LIMIT_PER_MINUTE,
    authRateLimitPerMinute: given.AUTH_RATE_LIMIT_PER_MINUTE,
    accountRateLimitPerMinute: given.ACCOUNT_RATE_LIMIT_PER_MINUTE,
    estimateRateLimitPerMinute: given.ESTIMATE_RATE_LIMIT_PER_MINUTE,
    passwordThreads: given.PASSWORD_THREADS,
    passwordQueue: given.PASSWORD_QUEUE,
  };
}

export function readSeedSettings(environment: Environment): SeedSettings {
  const parsed = seedSchema.safeParse(withoutBlanks(environment));
  if (!parsed.success) throw new SettingsError(parsed.error.issues.map(problemOf));
  return {
    databaseUrl: parsed.data.DATABASE_URL,
    demoPassword: parsed.data.SEED_DEMO_PASSWORD,
  };
}

/** Compose and dotenv files turn "not set" into an empty string; both mean the same here. */
function withoutBlanks(environment: Environment): Record<string, string> {
  const given = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || value.trim() === "" ? [] : [[name, value] as const],
  );
  return Object.fromEntries(given);
}

/** Anywhere but on a developer's machine, a secret that can be guessed is a hole. */
function weakSecretsIn(environment: Environment): string[] {
  if (["development", "test"].includes(environment["NODE_ENV"] ?? "")) return [];
  const given = (name: string) => (environment[name] ?? "").trim();
  const isGiven = (name: string) => given(name) !== "";
  const isPlaceholder = (name: string) => placeholder.test(given(name));
  const keys = ["JWT_SECRET", "JWT_SECRET_PREVIOUS"].filter(isGiven);
  const urls = ["DATABASE_URL", "REDIS_URL"].filter(isGiven);
  return [...keys, ...urls].flatMap((name) => {
    if (isPlaceholder(name)) return [`${name}: is still a placeholder`];
    const weakness = keys.includes(name) ? weaknessOf(given(name)) : knownPasswordIn(given(name));
    return weakness === undefined ? [] : [`${name}: ${weakness}`];
  });
}

/** A database chooses its own passwords; what examples use is refused. */
function knownPasswordIn(text: string): string | undefined {
  const known = ["postgres", "password", "secret", "redis", "admin", "nutri", "development"];
  const { password } = URL.canParse(text) ? new URL(text) : { password: "" };
  return known.includes(password.toLowerCase())
    ? "its password is one that everybody tries first"
    : undefined;
}

/** What a setting may be when it is read. */
type Shown = string | number | boolean | readonly string[] | undefined;

/** Every setting as `settings.json` lists it, for pages that are made of it. */
export function declaredSettings() {
  const shape: Record<string, z.ZodType<Shown>> = { ...settingsSchema.shape, ...seedSchema.shape };
  return Object.entries(shape).map(([name, schema]) => {
    const { type, description, secret, defaults } = schema.meta() as unknown as Declared;
    const absent = schema.safeParse(undefined);
    const value = absent.success ? absent.data : undefined;
    const shown = value === undefined || String(value) === "" ? undefined : String(value);
    return {
      name,
      type,
      required: !absent.success,
      default: shown ?? null,
      ...(defaults === undefined ? {} : { default_is: defaults }),
      secret: secret ?? false,
      description,
    };
  });
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function problemOf(issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? "settings");
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return `${name}: ${missing ? "is not set" : issue.message}`;
}
