// Child processes of the tests: started on loopback, waited for, and always ended.
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** A program on PATH or in one of the given folders; undefined when it is not installed. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter);
  return [...folders, ...onPath]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string")
    throw new Error("failed to find a free port");
  return address.port;
}

/** Runs to the end; the error carries what the program said. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<string> {
  const child = startProgram(program, args, options);
  const code = await child.ended;
  if (code !== 0)
    throw new Error(`failed to run \`${program}\`: exit ${String(code)}\n${child.output()}`);
  return child.output();
}

export interface RunningProgram {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export function startProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): RunningProgram {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      process.off("exit", killNow);
      resolve(code);
    });
  });
  return {
    process: child,
    ended,
    output: () => Buffer.concat(said).toString(),
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Asks again until the answer is yes; never waits blindly. */
export async function until(
  what: string,
  ask: () => Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`failed to see in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Postgres refuses to run as root, so root hands it to somebody who can do nothing else. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user =
    users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  if (user === undefined)
    throw new Error("cannot start Postgres as root: no user `postgres` or `nobody`");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
