// A pooler in transaction mode before a database: each transaction may get another connection.
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, freePort, startProgram, unprivileged, until } from "./process.js";
import { sql } from "./postgres.js";
import { describeWith, missing } from "./requirement.js";

const program = findProgram("pgbouncer", ["/usr/sbin"]);

export const describeWithPooler = describeWith("pgbouncer", program);

/** The same database behind a pooler that has so many connections to it. */
export async function startPooler(
  databaseUrl: string,
  connections: number,
): Promise<{ url: string; stop(): Promise<void> }> {
  if (program === undefined) throw missing("pgbouncer", "PATH");
  const url = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "nutri-pgbouncer-"));
  const port = await freePort();
  const settings = `[databases]
* = host=${url.hostname} port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 100
`;
  await writeFile(join(folder, "settings"), settings);
  await writeFile(join(folder, "users"), `"${url.username}" "${url.password}"\n`);
  const owner = unprivileged();
  const files = [folder, join(folder, "settings"), join(folder, "users")];
  if (owner !== undefined)
    await Promise.all(files.map((file) => chown(file, owner.uid, owner.gid)));
  const pooler = startProgram(program, [join(folder, "settings")], { ...owner, cwd: folder });
  url.port = String(port);
  await until("the pooler answers", async () => (await sql(url.href, "SELECT 1")).rowCount === 1);
  return {
    url: url.href,
    stop: async () => {
      await pooler.stop("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
