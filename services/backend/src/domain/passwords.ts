// Passwords as they are kept: scrypt, with its cost and salt beside the result, so that the
// cost can rise later without touching what is already stored.
import { scrypt, timingSafeEqual } from "node:crypto";

interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

// 32 MiB and about a fifth of a second: dear for a guesser, bearable for a login.
const cost: Cost = { n: 2 ** 15, r: 8, p: 3 };
const keyBytes = 32;
const kept = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/;

export const saltBytes = 16;

/** Hashes a password under a fresh salt, as `scrypt$n$r$p$salt$key`. */
export async function hashPassword(password: string, salt: Buffer): Promise<string> {
  const key = await derive(password, salt, cost);
  const parts = [cost.n, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")];
  return ["scrypt", ...parts].join("$");
}

export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [, n, r, p, salt, key] = kept.exec(stored) ?? [];
  if (salt === undefined || key === undefined) {
    throw new Error(
      "failed to read a stored password: it is not in the form `scrypt$n$r$p$salt$key`",
    );
  }
  const wanted = Buffer.from(key, "base64url");
  const storedCost = { n: Number(n), r: Number(r), p: Number(p) };
  const found = await derive(password, Buffer.from(salt, "base64url"), storedCost);
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** A stored password that nobody has; checking against it takes as long as a real check. */
export function decoyPassword(): string {
  const key = Buffer.alloc(keyBytes).toString("base64url");
  const salt = Buffer.alloc(saltBytes).toString("base64url");
  return ["scrypt", cost.n, cost.r, cost.p, salt, key].join("$");
}

function derive(password: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> {
  // Two spellings of one accented letter must be the same password on every keyboard.
  const secret = password.normalize("NFKC");
  const options = { N: n, r, p, maxmem: 256 * n * r };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, keyBytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
