// How often somebody may call: an address, and beside it an account, so that neither one address
// that guesses at many accounts nor many addresses that guess at one get far.
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit, type Options, type Store } from "express-rate-limit";
import { z } from "zod";
import type { Allowance } from "../domain/estimate-shares.js";
import { Refusal } from "../domain/refusal.js";
import { normalEmail } from "../domain/users.js";
import type { Settings } from "../settings.js";
import { callerIn } from "./caller.js";
import type { Endpoint } from "./endpoint.js";
import { tooManyRequests } from "./errors.js";
import type { Ports } from "./ports.js";

/** What runs before the body is read, and what needs the body. */
interface Limit {
  readonly before: readonly RequestHandler[];
  readonly after: readonly RequestHandler[];
  /** Told of what went wrong in the end. */
  readonly failed: readonly ErrorRequestHandler[];
}

export interface Limits {
  /** For all but health, and before all that could be asked for. */
  readonly general: RequestHandler;
  /** What an endpoint has beside it. */
  of(endpoint: Pick<Endpoint, "limit">): Limit;
}

const named = z.object({ email: z.string() });

export function createLimits(settings: Settings, hits: Ports["hits"]): Limits {
  const byAddress = (limit: number, store: Store) =>
    rateLimit({ ...common, limit, store, keyGenerator: addressOf });
  const { check, count } = failuresOf(settings.accountRateLimitPerMinute, hits.account);
  const auth = byAddress(settings.authRateLimitPerMinute, hits.auth);
  const extra: Readonly<Record<Endpoint["limit"], Limit>> = {
    general: { before: [], after: [], failed: [] },
    registration: { before: [auth], after: [], failed: [] },
    login: { before: [auth], after: [check], failed: [count] },
  };
  return {
    general: byAddress(settings.rateLimitPerMinute, hits.general),
    of: ({ limit }) => extra[limit],
  };
}

/** What says that a password was looked at and is another one. */
const wrongGuesses = new Set(["wrong_credentials", "wrong_password"]);

/**
 * Counts when it is known that a guess was wrong: who knows the password is not guessing, however
 * often they log in at once, and who was not heard has not guessed. As many as passwords are looked
 * at and wait may pass at once beyond the limit.
 */
function failuresOf(limit: number, store: Store) {
  void store.init?.({ windowMs } as Options);
  const check: RequestHandler = async (request, response, next) => {
    const failed = await store.get?.(accountKey(request));
    if (failed === undefined || failed.totalHits < limit) {
      next();
      return;
    }
    const waitMs = (failed.resetTime?.getTime() ?? 0) - Date.now();
    response.set("retry-after", String(Math.max(1, Math.ceil(waitMs / 1000))));
    tooManyRequests(request, response, next);
  };
  const count: ErrorRequestHandler = async (error, request, _response, next) => {
    if (error instanceof Refusal && wrongGuesses.has(error.code))
      await store.increment(accountKey(request));
    next(error);
  };
  return { check, count };
}

/**
 * How many estimates an account may have made in a minute. Not before a handler as the others: one
 * request may want many, or none that is not remembered.
 */
export function estimateAllowance(limit: number, hits: Store): Allowance {
  void hits.init?.({ windowMs } as Options);
  return {
    async take(userId) {
      const { totalHits, resetTime } = await hits.increment(userId);
      if (totalHits <= limit) return undefined;
      return Math.max(0, (resetTime?.getTime() ?? 0) - Date.now());
    },
  };
}

const windowMs = 60_000;

const common = {
  windowMs,
  standardHeaders: "draft-8",
  legacyHeaders: false,
  handler: tooManyRequests,
} as const;

/** Some proxies say the port as well. What is no address at all is one visitor. */
export function addressOf(request: Request): string {
  const said = request.ip ?? "";
  const [, inBrackets] = /^\[([^\]]*)\](?::\d+)?$/.exec(said) ?? [];
  const address = inBrackets ?? (/^[\d.]+:\d+$/.test(said) ? said.replace(/:\d+$/, "") : said);
  return isIP(address) === 0 ? "no address" : ipKeyGenerator(address);
}

/**
 * One for an account, whether somebody guesses at its login or at the change of its password. Emails
 * are nobody's business, so the key does not show them.
 */
function accountKey(request: Request): string {
  const email = callerIn(request)?.user.email ?? named.safeParse(request.body).data?.email;
  if (email === undefined) return `address:${addressOf(request)}`;
  return createHash("sha256").update(normalEmail(email)).digest("base64url");
}
