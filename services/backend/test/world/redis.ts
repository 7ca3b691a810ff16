// A Redis for one test file: the one named by TEST_REDIS_URL, or one of our own.
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { openRedis, type Redis } from "../../src/store/redis.js";
import { findProgram, freePort, startProgram, until } from "./process.js";
import { describeWith, missing } from "./requirement.js";

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

export interface OwnRedis extends TestRedis {
  /** Stops and continues the process, as a machine out of memory would. */
  freeze(frozen: boolean): void;
}

const given = process.env["TEST_REDIS_URL"];
const program = findProgram("redis-server");

export const describeWithRedis = describeWith("redis-server", given ?? program);

/** For tests that do to a server what nobody may do to one that was given. */
export const describeWithOwnRedis = describeWith("redis-server", program);

export async function startRedis(): Promise<TestRedis> {
  if (given === undefined) return startOwnRedis();
  return { url: given, stop: () => Promise.resolve() };
}

export async function startOwnRedis(): Promise<OwnRedis> {
  if (program === undefined) throw missing("redis-server", "TEST_REDIS_URL");
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = startProgram(program, args, { cwd: tmpdir() });
  const url = `redis://127.0.0.1:${port}`;
  await withRedis(url, () => Promise.resolve());
  return {
    url,
    stop: async () => {
      await server.stop();
    },
    freeze: (frozen) => {
      server.process.kill(frozen ? "SIGSTOP" : "SIGCONT");
    },
  };
}

/** Opens Redis, waits until it answers, and closes it whatever happens. */
export async function withRedis<Answer>(
  url: string,
  use: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
  const redis = openRedis(url, () => undefined);
  try {
    await until("Redis answers", () => redis.ping().then(() => true));
    return await use(redis);
  } finally {
    await redis.close();
  }
}

/** Accepts connections and never says a word, like a machine that hangs. */
export async function startSilence(): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
