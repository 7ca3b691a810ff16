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
  /** As the role that owns the tables, and passes their policies by. */
  readonly url: string;
  /** As the role that the services have. */
  readonly appUrl: string;
  stop(): Promise<void>;
}

export interface OwnDatabase extends TestDatabase {
  /** Ends the server, as an outage would. */
  outage(): Promise<void>;
}

const migrationsFolder = "prisma/migrations";
const installed = ["/usr/lib/postgresql/15/bin"];

const given = process.env["TEST_DATABASE_URL"];
const initdb = findProgram("initdb", installed);
const postgres = findProgram("postgres", installed);

export const describeWithDatabase = describeWith("postgres", given ?? initdb);

/** For tests that do to a server what nobody may do to one that was given. */
export const describeWithOwnDatabase = describeWith("postgres", initdb);

export async function startDatabase(): Promise<TestDatabase> {
  if (given === undefined) return startOwnDatabase();
  const { name, url, appUrl } = await scratchDatabase(given);
  return {
    url,
    appUrl,
    stop: async () => {
      await sql(given, `DROP DATABASE ${name} WITH (FORCE)`);
      await sql(given, `DROP ROLE ${name}`);
    },
  };
}

export async function startOwnDatabase(): Promise<OwnDatabase> {
  const server = await startPostgres();
  const { url, appUrl } = await scratchDatabase(server.url);
  return { url, appUrl, stop: server.stop, outage: server.stop };
}

/** A new database on a server, with the migrations applied, and a login of the same name that may
 * what the services may. */
async function scratchDatabase(server: string) {
  const name = `nutri_test_${randomUUID().replaceAll("-", "")}`;
  await sql(server, `CREATE DATABASE ${name}`);
  const url = withDatabase(server, name);
  await migrate(url);
  const password = randomUUID();
  await sql(server, `CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE nutri_app`);
  const app = new URL(url);
  [app.username, app.password] = [name, password];
  return { name, url, appUrl: app.href };
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
