// Passwords as they are kept: argon2id in the PHC form, with its cost and salt beside the result,
// so that the cost can rise later without touching what is already stored. Older ones are scrypt
// in a form of our own; they are still checked, and never made.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { argon2id, argon2Verify } from "hash-wasm";
import type { Verdict } from "../domain/passwords.js";

// What OWASP asks for at least: 19 MiB and two passes.
const cost = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 } as const;
const saltBytes = 16;
const current = `$argon2id$v=19$m=${cost.memorySize},t=${cost.iterations},p=${cost.parallelism}$`;
const oldForm = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/;

// A stored password that nobody has: checking against it takes as long as a real check.
export const decoy = `${current}${"A".repeat(22)}$${"A".repeat(43)}`;

export function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return argon2id({ password: plain(password), salt, ...cost, outputType: "encoded" });
}

export async function checkPassword(
  password: string,
  stored: string | undefined,
): Promise<Verdict> {
  const matches = await isMatch(plain(password), stored ?? decoy);
  return {
    matches: matches && stored !== undefined,
    outdated: stored !== undefined && !stored.startsWith(current),
  };
}

async function isMatch(password: string, stored: string): Promise<boolean> {
  const old = oldForm.exec(stored);
  if (old !== null) return matchesScrypt(password, old);
  if (stored.startsWith("$argon2id$")) return argon2Verify({ password, hash: stored });
  throw new Error("failed to read a stored password: it has neither the new form nor the old one");
}

/** Blocks its thread, which is why it runs in one of its own. */
function matchesScrypt(password: string, [, n, r, p, salt, key]: readonly string[]): boolean {
  const wanted = Buffer.from(key ?? "", "base64url");
  const [N, blockSize] = [Number(n), Number(r)];
  const options = { N, r: blockSize, p: Number(p), maxmem: 256 * N * blockSize };
  const salted = Buffer.from(salt ?? "", "base64url");
  return timingSafeEqual(wanted, scryptSync(password, salted, wanted.length, options));
}

/** Two spellings of one accented letter must be the same password on every keyboard. */
function plain(password: string): string {
  return password.normalize("NFKC");
}
