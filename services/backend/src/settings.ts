// Everything the service is told from outside, read and checked once; both programs hand their
// environment over here. All mistakes are listed together, and values are never repeated: they
// may be secret.
import { z } from "zod";

const secretCharsMin = 32;
const placeholder = /change[-_ ]?me|placeholder|your[-_ ]?secret|example[-_ ]?secret|<[^>]*>/i;

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${protocols.map((it) => `${it}//`).join(" or ")}`,
  });
const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));
const databaseUrl = url("postgresql:", "postgres:");

const settingsSchema = z.object({
  NODE_ENV: z.enum(["production", "development", "test"]).default("production"),
  APP_VERSION: z
    .string()
    .regex(/^[\w.+-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ + -")
    .default("dev"),
  APP_COMMIT: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/, "must be the digits of a commit")
    .optional(),
  HOST: z.string().min(1).default("0.0.0.0"),
  PORT: count(0, 65_535).default(3000),
  METRICS_PORT: count(0, 65_535).default(9464),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  DRAIN_SECONDS: count(0, 300).default(5),
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: count(1, 500).default(10),
  REQUEST_TIMEOUT_MS: count(100, 120_000).default(10_000),
  REDIS_URL: url("redis:", "rediss:"),
  ML_SERVICE_URL: url("http:", "https:"),
  JWT_SECRET: z.string().min(1),
  JWT_SECRET_PREVIOUS: z.string().optional(),
  SENTRY_DSN: url("http:", "https:").optional(),
  SENTRY_ENVIRONMENT: z.string().max(64).optional(),
  SENTRY_SAMPLE_PERCENT: count(0, 100).default(100),
  CORS_ORIGINS: z
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
  TRUST_PROXY_HOPS: count(0, 10).default(1),
  HTTPS_ONLY: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
  RATE_LIMIT_PER_MINUTE: count(1, 1_000_000).default(1200),
  AUTH_RATE_LIMIT_PER_MINUTE: count(1, 1_000_000).default(20),
  ACCOUNT_RATE_LIMIT_PER_MINUTE: count(1, 1_000_000).default(10),
  PASSWORD_THREADS: count(1, 64).default(1),
  PASSWORD_QUEUE: count(1, 1_000).default(16),
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
      `cannot start: the settings are wrong:${listed}\n  hint: see the table in services/backend/README.md`,
    );
  }
}

export function readSettings(environment: Environment): Settings {
  const parsed = settingsSchema.safeParse(withoutBlanks(environment));
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map(problemOf)),
    ...placeholdersIn(environment),
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
    passwordThreads: given.PASSWORD_THREADS,
    passwordQueue: given.PASSWORD_QUEUE,
  };
}

export function readSeedSettings(environment: Environment): SeedSettings {
  const schema = z.object({
    DATABASE_URL: databaseUrl,
    SEED_DEMO_PASSWORD: z.string().min(10).max(200).optional(),
  });
  const parsed = schema.safeParse(withoutBlanks(environment));
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

/** Anywhere but on a developer's machine, a secret copied from an example is a hole. */
function placeholdersIn(environment: Environment): string[] {
  if (["development", "test"].includes(environment["NODE_ENV"] ?? "")) return [];
  const problems: string[] = [];
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS"]) {
    const { length } = (environment[name] ?? "").trim();
    if (length > 0 && length < secretCharsMin)
      problems.push(`${name}: must have at least ${secretCharsMin} characters in production`);
  }
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "DATABASE_URL", "REDIS_URL"]) {
    if (placeholder.test(environment[name] ?? "")) problems.push(`${name}: is still a placeholder`);
  }
  return problems;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function problemOf(issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? "settings");
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return `${name}: ${missing ? "is not set" : issue.message}`;
}
