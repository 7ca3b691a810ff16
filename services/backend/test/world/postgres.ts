// A database for one test file, with the migrations applied: a scratch one on the server named by
// TEST_DATABASE_URL, or on a server of our own in a temporary folder.
import { randomUUID } from "node:crypto";
import { chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "@jest/globals";
import pg from "pg";
import { findProgram, freePort, runProgram, startProgram, unprivileged, until } from "./process.js";

export interface TestDatabase {
  readonly url: string;
  stop(): Promise<void>;
  /** Ends the server, as an outage would; only for a server of our own. */
  readonly outage: (() => Promise<void>) | undefined;
}

const migrationsFolder = "prisma/migrations";
const installed = ["/usr/lib/postgresql/15/bin"];

const noPostgres =
  "cannot test the store: no Postgres found\n" +
  "  hint: install postgresql-15, or set TEST_DATABASE_URL, or set ALLOW_NO_DATABASE=1 to skip";

/** Skipped only when somebody said that having no database is fine. */
export const describeWithDatabase = mayRun() ? describe : describe.skip;

export async function startDatabase(): Promise<TestDatabase> {
  const given = process.env["TEST_DATABASE_URL"];
  const server = given === undefined ? await startPostgres() : { url: given, stop: nothing };
  const name = `nutri_test_${randomUUID().replaceAll("-", "")}`;
  await sql(server.url, `CREATE DATABASE ${name}`);
  const url = withDatabase(server.url, name);
  await migrate(url);
  return {
    url,
    stop: async () => {
      if (given !== undefined) await sql(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      await server.stop();
    },
    outage: given === undefined ? server.stop : undefined,
  };
}

export async function sql(
  url: string,
  text: string,
): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(text);
  } finally {
    await client.end();
  }
}

/** Each file in one transaction, in order of name: the way releases apply them. */
async function migrate(url: string): Promise<void> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  for (const name of names.sort()) {
    await sql(url, await readFile(join(migrationsFolder, name, "migration.sql"), "utf8"));
  }
}

async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const initdb = findProgram("initdb", installed);
  const postgres = findProgram("postgres", installed);
  if (initdb === undefined || postgres === undefined) throw new Error(noPostgres);

  const folder = await mkdtemp(join(tmpdir(), "nutri-postgres-"));
  const owner = unprivileged();
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const options = { ...owner, cwd: folder };
  await runProgram(
    initdb,
    ["-D", data, "-U", "nutri", "-A", "trust", "-E", "UTF8", "--no-sync"],
    options,
  );

  const port = await freePort();
  const set = ["fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories="];
  const args = ["-D", data, "-p", String(port), ...set.flatMap((it) => ["-c", it])];
  const server = startProgram(postgres, args, options);
  const url = `postgresql://nutri@127.0.0.1:${port}/postgres`;
  await until("Postgres answers", async () => (await sql(url, "SELECT 1")).rowCount === 1);
  return {
    url,
    stop: async () => {
      // Fast shutdown: does not wait for clients to leave.
      await server.stop("SIGINT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function mayRun(): boolean {
  const found = process.env["TEST_DATABASE_URL"] ?? findProgram("initdb", installed);
  if (found !== undefined || process.env["ALLOW_NO_DATABASE"] !== "1") return true;
  process.stderr.write(`skipped, as ALLOW_NO_DATABASE=1 allows: ${noPostgres}\n`);
  return false;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

const nothing = () => Promise.resolve();
