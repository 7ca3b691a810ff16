// Bearer tokens: JWTs that this service signs for itself and nobody else reads. Signing and
// verifying are synchronous: microseconds, and nothing that waits behind other work.
import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { z } from "zod";
import { accessSeconds } from "../domain/sessions.js";
import { unauthenticated } from "../domain/users.js";

export interface Tokens {
  sign(subject: Subject): string;
  /** Whom a token was made for; refuses anything else. */
  verify(token: string): Subject;
}

export interface Subject {
  readonly userId: string;
  readonly sessionId: string | undefined;
}

/** The one that signs, and the one before it, whose tokens are still good. */
export interface Keys {
  readonly current: string;
  readonly previous: string | undefined;
}

const issuer = "nutri-backend";
const algorithm: jwt.Algorithm = "HS256";
const claims = z.object({ sub: z.uuid(), sid: z.uuid().optional() });

/** A key as it is worked with. Given text, `jsonwebtoken` would first try to read a public key out
 * of it each time, and fail: that took a fifth of the time of a small request. */
interface Key {
  readonly id: string;
  readonly secret: KeyObject;
}

export function createTokens(keys: Keys, now: () => Date): Tokens {
  const current = keyOf(keys.current);
  const all = [current, ...(keys.previous === undefined ? [] : [keyOf(keys.previous)])];
  const seconds = () => Math.floor(now().getTime() / 1000);

  function read(token: string, key: KeyObject): z.infer<typeof claims> | undefined {
    try {
      const expected = { algorithms: [algorithm], issuer, audience: issuer };
      const payload = jwt.verify(token, key, { ...expected, clockTimestamp: seconds() });
      return claims.safeParse(payload).data;
    } catch (error) {
      // What calls itself JSON and holds none comes as it was thrown by the parser.
      const isNoToken = error instanceof jwt.JsonWebTokenError || error instanceof SyntaxError;
      if (isNoToken) return undefined;
      throw error;
    }
  }
  return {
    sign({ userId, sessionId }) {
      const session = sessionId === undefined ? {} : { sid: sessionId };
      const payload = { sub: userId, ...session, iss: issuer, aud: issuer, iat: seconds() };
      const options = { algorithm, keyid: current.id, expiresIn: accessSeconds };
      return jwt.sign(payload, current.secret, options);
    },
    verify(token) {
      for (const key of keysFor(token, all)) {
        const found = read(token, key.secret);
        if (found !== undefined) return { userId: found.sub, sessionId: found.sid };
      }
      throw unauthenticated();
    },
  };
}

/** Names a key without telling it: enough to find it among two. */
export function keyId(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 8);
}

function keyOf(text: string): Key {
  return { id: keyId(text), secret: createSecretKey(text, "utf8") };
}

/** The key that the token names; all when it names none that we have. */
function keysFor(token: string, keys: readonly Key[]): readonly Key[] {
  const named = headerOf(token)?.kid;
  const found = keys.filter((key) => key.id === named);
  return found.length > 0 ? found : keys;
}

function headerOf(token: string): { kid?: unknown } | undefined {
  try {
    return z.looseObject({}).safeParse(jwt.decode(token, { complete: true })?.header).data;
  } catch {
    return undefined;
  }
}
