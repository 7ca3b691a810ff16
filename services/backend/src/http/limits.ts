// How often somebody may call: an address, and beside it an account, so that neither one address
// that guesses at many accounts nor many addresses that guess at one get far.
import { createHash } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit, type Store } from "express-rate-limit";
import { z } from "zod";
import { normalEmail } from "../domain/users.js";
import type { Settings } from "../settings.js";
import { callerIn } from "./caller.js";
import type { Endpoint } from "./endpoint.js";
import { tooManyRequests } from "./errors.js";
import type { Ports } from "./ports.js";

/** What runs before the body is read, and what needs the body. */
interface Limit {
  readonly before: RequestHandler;
  readonly after: RequestHandler;
}

const named = z.object({ email: z.string() });

export function createLimits(
  settings: Settings,
  hits: Ports["hits"],
): Readonly<Record<Endpoint["limit"], Limit>> {
  const byAddress = (limit: number, store: Store) => rateLimit({ ...common, limit, store });
  const byAccount = rateLimit({
    ...common,
    limit: settings.accountRateLimitPerMinute,
    store: hits.account,
    keyGenerator: accountKey,
    // Who knows the password is not guessing, and who was not heard has not guessed.
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, { statusCode }) => statusCode < 400 || statusCode >= 500,
  });
  return {
    general: { before: byAddress(settings.rateLimitPerMinute, hits.general), after: pass },
    auth: { before: byAddress(settings.authRateLimitPerMinute, hits.auth), after: byAccount },
  };
}

const common = {
  windowMs: 60_000,
  standardHeaders: "draft-8",
  legacyHeaders: false,
  handler: tooManyRequests,
} as const;

const pass: RequestHandler = (_request, _response, next) => {
  next();
};

/** Emails are nobody's business, so the key does not show them. */
function accountKey(request: Request): string {
  const caller = callerIn(request);
  if (caller !== undefined) return caller.user.id;
  const { data } = named.safeParse(request.body);
  if (data === undefined) return `address:${ipKeyGenerator(request.ip ?? "")}`;
  return createHash("sha256").update(normalEmail(data.email)).digest("base64url");
}
