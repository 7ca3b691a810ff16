// An app made from test settings and in-memory ports, and a client that is logged in.
import { randomBytes, randomUUID } from "node:crypto";
import { MemoryStore } from "express-rate-limit";
import request from "supertest";
import type { Estimate, Estimator, Unreadable } from "../../src/domain/estimates.js";
import {
  dependencies,
  type Checks,
  type Dependency,
  type Health,
} from "../../src/domain/health.js";
import { noNutrients, type Nutrients } from "../../src/domain/nutrients.js";
import type { Passwords } from "../../src/domain/passwords.js";
import { noFaults } from "../../src/faults.js";
import { createApp } from "../../src/http/app.js";
import { Drain } from "../../src/http/drain.js";
import type { Ports } from "../../src/http/ports.js";
import { createTokens } from "../../src/http/tokens.js";
import { createLog } from "../../src/log.js";
import { readSettings, type Environment } from "../../src/settings.js";
import { memoryStores, type MemoryStores } from "./memory.js";

export const testEnvironment = {
  NODE_ENV: "test",
  APP_VERSION: "1.2.3-test",
  DATABASE_URL: "postgresql://nobody@127.0.0.1:1/none",
  REDIS_URL: "redis://127.0.0.1:1",
  ML_SERVICE_URL: "http://127.0.0.1:1",
  JWT_SECRET: randomBytes(32).toString("hex"),
  METRICS_PORT: "0",
  LOG_LEVEL: "debug",
} satisfies Environment;

export interface TestApp {
  readonly agent: ReturnType<typeof request>;
  readonly stores: MemoryStores;
  readonly drain: Drain;
  /** Every line the app logged, parsed. */
  readonly lines: Record<string, unknown>[];
}

export function testApp(
  given: { environment?: Environment; ports?: Partial<Ports> } = {},
): TestApp {
  const settings = readSettings({ ...testEnvironment, ...given.environment });
  const stores = memoryStores();
  const drain = new Drain();
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
  const ports: Ports = {
    ...stores,
    estimator: noEstimates,
    health: healthWithout(),
    passwords: quickPasswords,
    hits: { general: new MemoryStore(), auth: new MemoryStore(), account: new MemoryStore() },
    drain,
    log: createLog(settings, { write }),
    count: () => undefined,
    faults: noFaults,
    now: () => new Date(),
    nowMs: () => performance.now(),
    ...given.ports,
  };
  return { agent: request(createApp(settings, ports)), stores, drain, lines };
}

/** Everything is well but what is named. */
export function healthWithout(...away: readonly Dependency[]): Health {
  const checks = dependencies.map((name) => {
    const status = away.includes(name) ? "unhealthy" : "healthy";
    return [name, { status, latency_ms: 1, age_ms: 10 }] as const;
  });
  return { checks: () => Object.fromEntries(checks) as Checks };
}

/** Keeps passwords as they are: hashing is tested where it is done. */
export const quickPasswords: Passwords = {
  hash: (password) => Promise.resolve(`as it is: ${password}`),
  check: (password, stored) =>
    Promise.resolve({ matches: stored === `as it is: ${password}`, outdated: false }),
};

export const noEstimates: Estimator = { estimate: () => Promise.resolve(undefined) };

/** Of a text that speaks of no food. */
export const noEstimate: Estimate = {
  items: [],
  unknown: [],
  guesses: [],
  total: noNutrients,
  confidence: 0.9,
  model: "m",
};

/** Of a text that speaks of one, which is all that these numbers are of. */
export const estimateOf = (total: Nutrients): Estimate => ({
  ...noEstimate,
  items: [
    {
      food: { id: "soup", name: "Soup", source: "test" },
      grams: 100,
      nutrients: total,
      confidence: 0.9,
      text: "soup",
      candidates: [],
    },
  ],
  total,
});

export function alwaysEstimates(estimate: Estimate | Unreadable): Estimator {
  return { estimate: () => Promise.resolve(estimate) };
}

export interface LoggedIn {
  readonly id: string;
  readonly email: string;
  readonly headers: { authorization: string };
}

/** A user with a token, made past the slow hashing of a password that no test needs. */
export async function registered({ stores }: Pick<TestApp, "stores">): Promise<LoggedIn> {
  const email = `${randomUUID()}@nutri.example`;
  const user = await stores.users.add(email, "no password");
  if (user === undefined) throw new Error("failed to register: the email is taken");
  const keys = { current: testEnvironment.JWT_SECRET, previous: undefined };
  const token = createTokens(keys, () => new Date()).sign({
    userId: user.id,
    sessionId: undefined,
  });
  return { id: user.id, email, headers: { authorization: `Bearer ${token}` } };
}

export const oats = {
  name: "Oats",
  per_100g: { kcal: 389, protein_g: 16.89, carbohydrate_g: 66.27, fat_g: 6.9, fibre_g: 10.6 },
};
