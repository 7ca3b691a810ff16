// Takes secrets, and what tells who somebody is, out of whatever is about to leave the process as a
// log line or a report: by the name of a field at any depth, and by its looks in any text. Errors
// of drivers quote what they were given, so names alone would not do.
import { types } from "node:util";
import { stdSerializers } from "pino";

const censored = "[redacted]";
const depthMax = 8;
const itemsMax = 100;

const secretNames =
  /pass(word|wd|phrase)|pwd|secret|token$|^token|authori[sz]ation|cookie|credential|api[-_]?key|email|dsn$/i;

// What a text may hold, and what stays of it. In this order: an address of a database has an @ too.
// What may begin anywhere has an end: a stranger chooses the path that is logged, and a run without
// one would be walked again from each of its characters.
const looks: readonly (readonly [RegExp, string])[] = [
  // The user and password of any URL.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@"']*(?:@[^\s/?#@"']*)*@/gi, `$1${censored}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${censored}`],
  // JWTs, refresh tokens, kept passwords.
  [/\beyJ[\w-]{1,512}\.[\w-]+(?:\.[\w-]*)?/g, censored],
  [/\b[0-9a-f]{8}-[0-9a-f-]{27}\.[0-9a-f]{8}-[0-9a-f-]{27}\.[\w-]+/gi, censored],
  [/\$argon2\w*\$[^\s"']+|\bscrypt(?:\$\d+){3}\$[^\s"']+/g, censored],
  // `password=…`, `"token": "…"`, `pwd: …`
  [
    /((?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|authorization|cookie)["']?\s{0,9}=\s*["']?)[^\s"',;&}]+/gi,
    `$1${censored}`,
  ],
  [
    /(["'][\w-]{0,64}(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|authorization|cookie)["']\s*:\s*["'])(?:[^"'\\]|\\.)*/gi,
    `$1${censored}`,
  ],
  // JSON in JSON, and objects as Node prints them: `token: '…'`.
  [
    /(\\"[\w-]{0,64}(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|authorization|cookie)\\"\s{0,9}:\s{0,9}\\")[^\\]*/gi,
    `$1${censored}`,
  ],
  [
    /((?:password|passwd|passphrase|pwd|secret|token|api[-_]?key):\s{0,9}["'])(?:[^"'\\]|\\.)*/gi,
    `$1${censored}`,
  ],
  [
    /(\b(?:password|passwd|passphrase|pwd|set-cookie|cookie|authorization|x-api-key):\s*)\S.*/gi,
    `$1${censored}`,
  ],
  [/[\p{L}\p{N}._%+-]{1,64}@(?:localhost\b|[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]+)+)/gu, "[email]"],
];

/** A text that hides something behind percent signs is shown without them, and without that. */
export function scrubText(text: string): string {
  const plain = withoutPercents(text);
  if (plain === undefined) return "[encoded too often]";
  const clean = withoutLooks(plain);
  return clean === plain ? withoutLooks(text) : clean;
}

function withoutLooks(text: string): string {
  return looks.reduce((rest, [pattern, stays]) => rest.replace(pattern, stays), text);
}

const percentsMax = 8;

/** Whoever reads a line may read it so, however often it was encoded; undefined when too often. */
function withoutPercents(text: string): string | undefined {
  let rest = text;
  for (let round = 0; round <= percentsMax; round += 1) {
    const plain = rest.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      Buffer.from(run.replaceAll("%", ""), "hex").toString(),
    );
    if (plain === rest) return plain;
    rest = plain;
  }
  return undefined;
}

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** A copy without secrets; an error becomes its parts, those that a driver added among them. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "[too deep]";
  if (isError(value)) return scrubFields(stdSerializers.errWithCause(value), depth);
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((item) => scrub(item, depth + 1));
  if (value instanceof Map || value instanceof Set)
    return [...value].slice(0, itemsMax).map((item) => scrub(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (value instanceof Date || value instanceof URL) return scrubText(String(value));
  return scrubFields(value, depth);
}

function scrubFields(value: object, depth: number): Record<string, unknown> {
  const fields = Object.entries(value).slice(0, itemsMax);
  return Object.fromEntries(
    fields.map(([name, it]) => [
      name,
      secretNames.test(name) && it !== undefined && it !== null ? censored : scrub(it, depth + 1),
    ]),
  );
}
