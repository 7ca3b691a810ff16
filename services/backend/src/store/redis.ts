// The door to Redis. Redis is a convenience: every command fails at once when it is away, and
// every caller has an answer for that.
import { connectToAsk, openConnection, type RedisLimits } from "./redis-connection.js";
import { openWatcher, type WatcherOptions } from "./watcher.js";

export interface Redis {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, lifetimeSeconds: number): Promise<void>;
  /** Adds one to a count that starts over `windowMs` after its first hit. */
  countHit(key: string, windowMs: number): Promise<{ count: number; endsInMs: number }>;
  /** The same without adding one; undefined where nothing was counted. */
  readHits(key: string): Promise<{ count: number; endsInMs: number } | undefined>;
  takeHitBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
  /** Runs a Lua script, which is one step for everybody else. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

// In one step each: a count without an end would stay for ever, and so would one below zero.
const hitScript = `
local count, ends = redis.call("INCR", KEYS[1]), redis.call("PTTL", KEYS[1])
if ends < 0 then
  ends = tonumber(ARGV[1])
  redis.call("PEXPIRE", KEYS[1], ends)
end
return { count, ends }`;
const readHitsScript = `return { redis.call("GET", KEYS[1]), redis.call("PTTL", KEYS[1]) }`;
const takeBackScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("DECR", KEYS[1]) end`;

/** Starts to connect in the background and keeps trying for as long as the process lives. */
export function openRedis(
  redisUrl: string,
  onError: (error: Error) => void,
  options: { readonly limits?: RedisLimits; readonly watcher?: WatcherOptions } = {},
): Redis {
  const connection = openConnection(redisUrl, onError, options.limits);
  const { ask } = connection;
  const watcher = openWatcher((broken) => connectToAsk(redisUrl, broken), options.watcher);
  const run: Redis["run"] = (script, keys, args) =>
    ask((client) => client.eval(script, { keys: [...keys], arguments: [...args] }));

  return {
    async get(key) {
      return (await ask((client) => client.get(key))) ?? undefined;
    },
    async set(key, value, lifetimeSeconds) {
      const expiration = { type: "EX", value: lifetimeSeconds } as const;
      await ask((client) => client.set(key, value, { expiration }));
    },
    async countHit(key, windowMs) {
      const [count, endsInMs] = (await run(hitScript, [key], [String(windowMs)])) as [
        number,
        number,
      ];
      return { count, endsInMs };
    },
    async readHits(key) {
      const [count, endsInMs] = (await run(readHitsScript, [key], [])) as [string | null, number];
      return count === null ? undefined : { count: Number(count), endsInMs };
    },
    async takeHitBack(key) {
      await run(takeBackScript, [key], []);
    },
    async forget(key) {
      await ask((client) => client.del(key));
    },
    run,
    async ping() {
      // Over what everybody uses, and as somebody who logs in.
      await Promise.all([ask((client) => client.ping()), watcher.ping()]);
    },
    async close() {
      watcher.close();
      await connection.close();
    },
  };
}
