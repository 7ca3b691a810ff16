// A database for one test file, with the migrations applied: a scratch one on the server named by
// TEST_DATABASE_URL, or on a server of our own in a temporary folder.
import { randomUUID } from "node:crypto";
import { chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findProgram, freePort, runProgram, startProgram, unprivileged, until } from "./process.js";
import { describeWith, missing } from "./requirement.js";

export interface TestDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

export interface OwnDatabase extends TestDatabase {
  /** Ends the server, as an outage would. */
  outage(): Promise<void>;
}

const migrationsFolder = "prisma/migrations";
/** What production runs first; then the newest that Debian or Ubuntu has. */
const versions = [15, 18, 17, 16, 14];
const installed = versions.map((version) => `/usr/lib/postgresql/${String(version)}/bin`);

const given = process.env["TEST_DATABASE_URL"];
const initdb = findProgram("initdb", installed);
const postgres = findProgram("postgres", installed);

export const describeWithDatabase = describeWith("postgres", given ?? initdb);

/** For tests that do to a server what nobody may do to one that was given. */
export const describeWithOwnDatabase = describeWith("postgres", initdb);

export async function startDatabase(): Promise<TestDatabase> {
  if (given === undefined) return startOwnDatabase();
  const { name, url } = await scratchDatabase(given);
  return {
    url,
    stop: async () => {
      await sql(given, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export async function startOwnDatabase(): Promise<OwnDatabase> {
  const server = await startPostgres();
  const { url } = await scratchDatabase(server.url);
  return { url, stop: server.stop, outage: server.stop };
}

/** A new database on a server, with the migrations applied. */
async function scratchDatabase(server: string): Promise<{ name: string; url: string }> {
  const name = `nutri_test_${randomUUID().replaceAll("-", "")}`;
  await sql(server, `CREATE DATABASE ${name}`);
  const url = withDatabase(server, name);
  await migrate(url);
  return { name, url };
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
  if (initdb === undefined || postgres === undefined)
    throw missing("postgres", "TEST_DATABASE_URL");

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

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
