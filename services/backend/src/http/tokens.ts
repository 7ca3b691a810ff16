// Bearer tokens: JWTs that this service signs for itself and nobody else reads.
import { jwtVerify, SignJWT } from "jose";
import { JOSEError } from "jose/errors";
import { z } from "zod";
import { Refusal } from "../domain/refusal.js";

export interface Tokens {
  sign(userId: string): Promise<string>;
  /** The user a token was made for; refuses anything else. */
  verify(token: string): Promise<string>;
}

export const tokenLifetimeSeconds = 12 * 60 * 60;
const issuer = "nutri-backend";
const algorithm = "HS256";
const subject = z.uuid();

export function createTokens(jwtSecret: string, now: () => Date): Tokens {
  const key = new TextEncoder().encode(jwtSecret);
  return {
    sign(userId) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: algorithm })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience(issuer)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + tokenLifetimeSeconds)
        .sign(key);
    },
    async verify(token) {
      try {
        const options = { algorithms: [algorithm], issuer, audience: issuer, currentDate: now() };
        const { payload } = await jwtVerify(token, key, options);
        return subject.parse(payload.sub);
      } catch (error) {
        if (error instanceof JOSEError || error instanceof z.ZodError) throw unauthenticated();
        throw error;
      }
    },
  };
}

export function unauthenticated(): Refusal {
  const message = "cannot continue: this needs a valid bearer token";
  return new Refusal("unauthenticated", "unauthenticated", message);
}
