// Whatever is not provably a fault of ours is a database out of reach.
import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { Prisma } from "../../src/generated/prisma/client.js";
import { openDatabase, type Database, type Limits } from "../../src/store/database.js";
import { reach } from "../../src/store/database-errors.js";
import { userStore } from "../../src/store/users.js";
import { describeWithOwnDatabase, sql, startOwnDatabase } from "../world/postgres.js";
import { until } from "../world/process.js";
import { startProxy, type Proxy } from "../world/proxy.js";

const refusal = { kind: "unavailable", code: "unavailable" };

function prismaError(code: string, meta?: Record<string, unknown>): Error {
  const details = { code, clientVersion: "test", ...(meta && { meta }) };
  return new Prisma.PrismaClientKnownRequestError("test", details);
}

const stated = (state: string) => Object.assign(new Error("server"), { code: state });
const wrapped = (state: string) =>
  prismaError("P2010", {
    driverAdapterError: { cause: { kind: "postgres", originalCode: state } },
  });

describe("a failed query", () => {
  it.each([
    ["a refused connection", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
    ["a broken pipe", Object.assign(new Error("x"), { code: "EPIPE" })],
    ["a connection that ended", new Error("Connection terminated unexpectedly")],
    ["a time-out of the client", new Error("Query read timeout")],
    ["a pool that is busy", new Error("timeout exceeded when trying to connect")],
    ["several addresses that refuse", new AggregateError([new Error("x")])],
    ["nothing that is an error", "gone"],
    ["a wrong password", stated("28P01")],
    ["a database that is not there", stated("3D000")],
    ["a shutdown", stated("57P01")],
    ["a statement that took too long", wrapped("57014")],
    ["a lock that could not be had", wrapped("55P03")],
    ["too many connections", stated("53300")],
    ["a full disk", wrapped("53100")],
    ["a code of a pooler that nobody knows", stated("XX000")],
    ["a deadlock", wrapped("40P01")],
    ["Prisma without a server", prismaError("P1001")],
    ["Prisma without access", prismaError("P1010")],
    ["Prisma with a busy pool", prismaError("P2024")],
  ])("by_%s_is_a_refusal", async (_what, error) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever comes
    await expect(reach(Promise.reject(error))).rejects.toMatchObject(refusal);
  });

  it.each([
    ["a bug of ours", new TypeError("x is not a function")],
    [
      "a query that is no query",
      new Prisma.PrismaClientValidationError("x", { clientVersion: "" }),
    ],
    ["a syntax error", stated("42601")],
    ["a missing table", wrapped("42P01")],
    ["a value that does not fit", wrapped("22003")],
    ["a broken rule", wrapped("23514")],
    ["a missing column", prismaError("P2022")],
  ])("by_%s_stays_a_fault", async (_what, error) => {
    await expect(reach(Promise.reject(error))).rejects.toBe(error);
  });
});

describeWithOwnDatabase("a database behind a bad network", () => {
  const quick: Limits = { lockMs: 200, statementMs: 400, clientMs: 800, connectMs: 500 };

  async function behindProxy(
    use: (it: { proxy: Proxy; database: Database; url: string }) => Promise<void>,
  ): Promise<void> {
    const server = await startOwnDatabase();
    const proxy = await startProxy(Number(new URL(server.url).port));
    const url = new URL(server.appUrl);
    url.port = String(proxy.port);
    const onIdleError = () => undefined;
    const database = openDatabase({
      ...{ url: url.href, connectionsMax: 2, onIdleError, limits: quick },
    });
    try {
      await use({ proxy, database, url: server.url });
    } finally {
      await proxy.stop();
      await database.close();
      await server.stop();
    }
  }

  const sessionsOf = async (url: string) => {
    const { rows } = await sql(
      url,
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'nutri-backend'",
    );
    return rows[0]?.["n"] as number;
  };

  it("is_a_refusal_when_it_resets_and_when_it_swallows_and_answers_when_it_is_back", async () => {
    await behindProxy(async ({ proxy, database }) => {
      const users = userStore(database.client);
      expect(await users.findByEmail("a@b.c")).toBeUndefined();
      for (const mood of ["reset", "swallow"] as const) {
        proxy.turn(mood);
        const asked = Array.from({ length: 6 }, () => users.findByEmail("a@b.c"));
        for (const end of await Promise.allSettled(asked))
          expect(end).toMatchObject({ status: "rejected", reason: refusal });
        await expect(database.ping()).rejects.toThrow();
        proxy.turn("reset");
        proxy.turn("pass");
        await until("queries are answered", async () => {
          await database.ping();
          return (await users.findByEmail("a@b.c")) === undefined;
        });
      }
    });
  });

  it("costs_no_query_after_it_when_it_swallowed_within_a_transaction", async () => {
    await behindProxy(async ({ proxy, database: { client } }) => {
      const cutOff = client.$transaction(async (transaction) => {
        await transaction.$queryRaw`SELECT 1`;
        proxy.turn("swallow");
        await transaction.$queryRaw`SELECT 1`;
      });
      await expect(cutOff).rejects.toThrow();
      // The connection is silent for ever, and nobody hangs up.
      proxy.turn("pass");
      expect(await userStore(client).findByEmail("a@b.c")).toBeUndefined();
    });
  });

  it("gives_slow_statements_and_locks_up_by_itself_before_the_client_does", async () => {
    await behindProxy(async ({ database, url }) => {
      const { client } = database;
      await expect(reach(client.$queryRaw`SELECT 1 FROM pg_sleep(60)`)).rejects.toMatchObject({
        ...refusal,
        cause: expect.objectContaining({ message: expect.stringContaining("statement timeout") }),
      });
      // Only who owns the table may lock it.
      const owner = new pg.Client({ connectionString: url });
      await owner.connect();
      try {
        await owner.query("BEGIN; LOCK TABLE users");
        const waiting = reach(client.user.findMany());
        await expect(waiting).rejects.toMatchObject(refusal);
      } finally {
        await owner.end();
      }
      expect(await sessionsOf(url)).toBeLessThanOrEqual(2);
    });
  });

  it("is_not_called_sick_because_its_pool_is_busy", async () => {
    await behindProxy(async ({ database }) => {
      const busy = [1, 2, 3].map(() =>
        reach(database.client.$queryRaw`SELECT 1 FROM pg_sleep(0.3)`),
      );
      await until("somebody waits", () => Promise.resolve(database.pool.waiting > 0));
      expect(database.pool).toMatchObject({ total: 2, idle: 0 });
      await database.ping();
      await Promise.allSettled(busy);
    });
  });
});
