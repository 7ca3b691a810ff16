// The door to Redis. Redis is a convenience: every command fails at once when it is away, and
// every caller has an answer for that.
import { createClient } from "@redis/client";
import { within } from "../domain/deadline.js";

export interface Redis {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, lifetimeSeconds: number): Promise<void>;
  /** Adds one to a count that starts over `windowMs` after its first hit. */
  countHit(key: string, windowMs: number): Promise<{ count: number; endsInMs: number }>;
  takeHitBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
  /** Runs a Lua script, which is one step for everybody else. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const commandTimeoutMs = 250;
const connectTimeoutMs = 2_000;
// A connection that says nothing for longer than a few pings is dead, whatever TCP believes.
const pingIntervalMs = 5_000;
const silenceMsMax = 12_000;
const reconnectDelayMsMax = 2_000;

// In one step each: a count without an end would stay for ever, and so would one below zero.
const hitScript = `
local count, ends = redis.call("INCR", KEYS[1]), redis.call("PTTL", KEYS[1])
if ends < 0 then
  ends = tonumber(ARGV[1])
  redis.call("PEXPIRE", KEYS[1], ends)
end
return { count, ends }`;
const takeBackScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("DECR", KEYS[1]) end`;

/** Starts to connect in the background and keeps trying for as long as the process lives. */
export function openRedis(redisUrl: string, onError: (error: Error) => void): Redis {
  const client = createClient({
    url: redisUrl,
    disableOfflineQueue: true,
    pingInterval: pingIntervalMs,
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMsMax,
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** Math.min(retries, 10), reconnectDelayMsMax),
    },
  });
  client.on("error", onError);
  // A refused first connection is retried like any other; only `close` ends this promise early.
  client.connect().catch(onError);

  const run: Redis["run"] = (script, keys, args) =>
    soon(client.eval(script, { keys: [...keys], arguments: [...args] }));

  return {
    async get(key) {
      return (await soon(client.get(key))) ?? undefined;
    },
    async set(key, value, lifetimeSeconds) {
      const expiration = { type: "EX", value: lifetimeSeconds } as const;
      await soon(client.set(key, value, { expiration }));
    },
    async countHit(key, windowMs) {
      const [count, endsInMs] = (await run(hitScript, [key], [String(windowMs)])) as [
        number,
        number,
      ];
      return { count, endsInMs };
    },
    async takeHitBack(key) {
      await run(takeBackScript, [key], []);
    },
    async forget(key) {
      await soon(client.del(key));
    },
    run,
    async ping() {
      await soon(client.ping());
    },
    close: () => close(client),
  };
}

/** The client's own time-out ends with the writing of a command; a frozen server needs this one. */
function soon<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return within(commandTimeoutMs, () => answer);
}

interface Connection {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  close(): Promise<void>;
  destroy(): void;
}

/** Says goodbye when there is somebody to say it to; otherwise stops trying. */
async function close(connection: Connection): Promise<void> {
  if (!connection.isOpen) return;
  if (connection.isReady) await connection.close();
  else connection.destroy();
}
