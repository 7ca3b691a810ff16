// The door to Postgres: one pool, the Prisma client on top of it, and beside it a connection that
// only asks how the server is. Prisma runs without a query engine binary; `pg` speaks to the
// server.
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "../generated/prisma/client.js";

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
  // Every query of a user is a transaction. Prisma's own limits come after those of the pool and of
  // the driver, or it would give up while a connection is on its way.
  const transactionOptions = { maxWait: limits.connectMs + 500, timeout: limits.clientMs + 2_000 };
  const adapter = new PrismaPg(pool);
  const client = new PrismaClient({ adapter, errorFormat: "minimal", transactionOptions });
  const watcher = openWatcher(options.url);
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
      await client.$disconnect();
      await pool.end();
    },
  };
}

const pingMs = 1_000;

/** One connection outside the pool, so that a busy pool is not taken for a sick server. */
function openWatcher(url: string): { ping(): Promise<void>; close(): void } {
  let connection: pg.Client | undefined;

  function drop(): void {
    // Ends the socket at once when a query is under way.
    void connection?.end().catch(() => undefined);
    connection = undefined;
  }
  async function connected(): Promise<pg.Client> {
    if (connection !== undefined) return connection;
    const fresh = new pg.Client({
      connectionString: url,
      application_name: "nutri-backend-health",
      connectionTimeoutMillis: pingMs,
      query_timeout: pingMs,
    });
    connection = fresh;
    fresh.on("error", () => {
      if (connection === fresh) drop();
    });
    await fresh.connect();
    return fresh;
  }
  return {
    async ping() {
      try {
        await (await connected()).query("SELECT 1");
      } catch (error) {
        drop();
        throw error;
      }
    },
    close: drop,
  };
}
