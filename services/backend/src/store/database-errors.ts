// What a failed query means. Whatever cannot be proved to be a fault of ours is taken for a
// database out of reach: connections break in more ways than any list knows, and each is 503.
import { Refusal, unavailable } from "../domain/refusal.js";
import { Prisma } from "../generated/prisma/client.js";

/** Runs a query; a database out of reach becomes a refusal, a fault of ours stays one. */
export async function reach<Answer>(query: Promise<Answer>): Promise<Answer> {
  try {
    return await query;
  } catch (error) {
    if (error instanceof Refusal || isOurs(error)) throw error;
    throw unavailable("database", error);
  }
}

export function isUniqueViolation(error: unknown): boolean {
  return hasCode(error, "P2002");
}

export function isForeignKeyViolation(error: unknown): boolean {
  return hasCode(error, "P2003");
}

/** Whether a policy of the table refused the row: it is not of the user who asks. */
export function isRowRefused(error: unknown): boolean {
  return sqlStateOf(error) === "42501";
}

/** Whether a row named a user who is gone: the only user it ever names is the one who asks. */
export function isOfNobody(error: unknown): boolean {
  return isForeignKeyViolation(error) && /(owner|user)_id_fkey/.test(JSON.stringify(error));
}

// Classes of SQLSTATE that a server gives to a statement it does not like, whoever is connected:
// unknown feature, wrong number of rows, data, constraint, broken trigger, syntax or names, view.
const classesOfOurs = new Set(["0A", "21", "22", "23", "27", "42", "44"]);

// What Prisma says of a query that was never good, by the beginning of its code; and of those,
// the ones that tell of a connection, a busy pool, a transaction that lost.
const prismaOnQueries = /^P2\d{3}$/;
const prismaOnConnections = new Set(["P2024", "P2028", "P2034", "P2037"]);

const kindsOfBugs = [
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  Prisma.PrismaClientValidationError,
];

function isOurs(error: unknown): boolean {
  if (kindsOfBugs.some((kind) => error instanceof kind)) return true;
  const state = sqlStateOf(error);
  if (state !== undefined) return classesOfOurs.has(state.slice(0, 2));
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return prismaOnQueries.test(error.code) && !prismaOnConnections.has(error.code);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === code;
}

/** What the server called it, wherever along the causes the driver and Prisma put that. */
function sqlStateOf(error: unknown): string | undefined {
  const waiting = [error];
  for (let seen = 0; seen < 32; seen += 1) {
    const it = waiting.shift();
    if (!isRecord(it)) continue;
    for (const code of [it["originalCode"], it["code"]])
      if (typeof code === "string" && isSqlState(code)) return code;
    waiting.push(it["cause"], it["meta"], it["driverAdapterError"]);
  }
  return undefined;
}

/** Prisma's own codes look alike, and so do some of the system, such as EPIPE. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) && !/^P[1-6]\d{3}$/.test(code);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
