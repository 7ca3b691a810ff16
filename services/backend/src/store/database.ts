// The door to Postgres: one pool, the Prisma client on top of it, and beside it a connection that
// only asks how the server is. Prisma runs without a query engine binary; `pg` speaks to the
// server.
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { within } from "../domain/deadline.js";
import { PrismaClient } from "../generated/prisma/client.js";
import { openWatcher, type Line, type WatcherOptions } from "./watcher.js";

export interface Database {
  readonly client: PrismaClient;
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly connectionsMax: number;
  readonly onIdleError: (error: Error) => void;
  readonly limits?: Limits;
  readonly watcher?: WatcherOptions;
}

/** Each is longer than the one before it: the server gives up first, and nothing is left there. */
export interface Limits {
  readonly lockMs: number;
  readonly statementMs: number;
  readonly clientMs: number;
  readonly connectMs: number;
}

const usualLimits: Limits = {
  lockMs: 2_000,
  statementMs: 4_000,
  clientMs: 6_000,
  connectMs: 3_000,
};

/** Connects lazily: a database that is away at the start is reported by health, not by a crash. */
export function openDatabase(options: DatabaseOptions): Database {
  const limits = options.limits ?? usualLimits;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: "nutri-backend",
    max: options.connectionsMax,
    connectionTimeoutMillis: limits.connectMs,
    query_timeout: limits.clientMs,
    keepAlive: true,
    // Not as options of the connection: poolers refuse those. The pool does wait for it.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- its types do not know
    onConnect: async (connection) => {
      await connection.query(
        `SET statement_timeout = ${limits.statementMs}; SET lock_timeout = ${limits.lockMs}`,
      );
    },
  });
  // A server that restarts breaks idle connections; without a listener that ends the process.
  pool.on("error", options.onIdleError);
  pool.on("release", dropIfUnfinished);
  // Every query of a user is a transaction. Prisma's own limits come after those of the pool and of
  // the driver, or it would give up while a connection is on its way.
  const transactionOptions = { maxWait: limits.connectMs + 500, timeout: limits.clientMs + 2_000 };
  const adapter = new PrismaPg(pool);
  const client = new PrismaClient({ adapter, errorFormat: "minimal", transactionOptions });
  const watcher = openWatcher((broken) => connectToAsk(options.url, broken), options.watcher);
  return {
    client,
    pool: {
      get total() {
        return pool.totalCount;
      },
      get idle() {
        return pool.idleCount;
      },
      get waiting() {
        return pool.waitingCount;
      },
    },
    ping: () => watcher.ping(),
    close: async () => {
      watcher.close();
      await within(closeMs, () => end(client, pool)).catch(() => undefined);
    },
  };
}

/** The end of its transaction was never answered: whoever had it next would wait in vain as well. */
function dropIfUnfinished(_error: Error, connection: pg.PoolClient): void {
  if (connection.getTransactionStatus() === "I") return;
  void (connection as pg.PoolClient & pg.Client).end().catch(() => undefined);
}

const pingMs = 1_000;

/** One connection outside the pool, so that a busy pool is not taken for a sick server. */
async function connectToAsk(url: string, broken: () => void): Promise<Line> {
  const connection = new pg.Client({
    connectionString: url,
    application_name: "nutri-backend-health",
    connectionTimeoutMillis: pingMs,
    query_timeout: pingMs,
  });
  connection.on("error", broken);
  await connection.connect();
  return {
    ask: () => connection.query("SELECT 1"),
    // Ends the socket at once when a query is under way.
    drop: () => void connection.end().catch(() => undefined),
  };
}

// A connection that hangs says no goodbye; the process does not wait for one.
const closeMs = 2_000;

async function end(client: PrismaClient, pool: pg.Pool): Promise<void> {
  await client.$disconnect();
  await pool.end();
}
