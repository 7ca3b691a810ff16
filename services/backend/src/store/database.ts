// The door to Postgres: one pool, the Prisma client on top of it, and the translation of its
// failures. Prisma runs without a query engine binary; `pg` speaks to the server.
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { unavailable } from "../domain/refusal.js";
import { Prisma, PrismaClient } from "../generated/prisma/client.js";

export interface Database {
  readonly client: PrismaClient;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const connectionsMax = 10;
const connectTimeoutMs = 3_000;
const queryTimeoutMs = 10_000;

/** Connects lazily: a database that is away at the start is reported by health, not by a crash. */
export function openDatabase(databaseUrl: string, onIdleError: (error: Error) => void): Database {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: "nutri-backend",
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
  });
  // A server that restarts breaks idle connections; without a listener that ends the process.
  pool.on("error", onIdleError);
  const client = new PrismaClient({ adapter: new PrismaPg(pool), errorFormat: "minimal" });
  return {
    client,
    ping: async () => {
      await pool.query("SELECT 1");
    },
    close: async () => {
      await client.$disconnect();
      await pool.end();
    },
  };
}

/** Runs a query; a database out of reach becomes a refusal, all else stays a fault. */
export async function reach<Answer>(query: Promise<Answer>): Promise<Answer> {
  try {
    return await query;
  } catch (error) {
    if (isOutOfReach(error)) throw unavailable("database", error);
    throw error;
  }
}

export function isUniqueViolation(error: unknown): boolean {
  return hasCode(error, ["P2002"]);
}

export function isForeignKeyViolation(error: unknown): boolean {
  return hasCode(error, ["P2003"]);
}

/** Whether a row named a user who is gone: the only user it ever names is the one who asks. */
export function isOfNobody(error: unknown): boolean {
  return isForeignKeyViolation(error) && /(owner|user)_id_fkey/.test(JSON.stringify(error));
}

// P1001 cannot connect · P1002 and P1008 too slow · P1017 connection closed · P2024 pool busy ·
// P2028 a transaction could not be had in time · P2037 too many connections.
const outOfReachCodes = ["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"];

// What `pg`, the socket and the server say while the server is away, starting or stopping.
const outOfReachCauses =
  /\b(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|57P0[1-3]|53300|08\d{3})\b/;

function isOutOfReach(error: unknown): boolean {
  return (
    hasCode(error, outOfReachCodes) || causesOf(error).some((code) => outOfReachCauses.test(code))
  );
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && codes.includes(error.code);
}

/** The codes along a chain of causes, the adapter's own `originalCode` among them. */
function causesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let it: unknown = error; isRecord(it) && codes.length < 32; it = it["cause"]) {
    for (const name of ["code", "originalCode", "kind"]) {
      const code = it[name];
      if (typeof code === "string") codes.push(code);
    }
  }
  return codes;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
