// The door to Redis. Redis is a convenience: every command fails at once when it is away, and
// every caller has an answer for that.
import { createClient } from "@redis/client";

export interface Redis {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, lifetimeSeconds: number): Promise<void>;
  /** Adds one to a count that starts over `windowMs` after its first hit. */
  countHit(key: string, windowMs: number): Promise<{ count: number; endsInMs: number }>;
  takeHitBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const commandTimeoutMs = 250;
const connectTimeoutMs = 2_000;
const reconnectDelayMsMax = 2_000;

/** Starts to connect in the background and keeps trying for as long as the process lives. */
export function openRedis(redisUrl: string, onError: (error: Error) => void): Redis {
  const client = createClient({
    url: redisUrl,
    disableOfflineQueue: true,
    commandOptions: { timeout: commandTimeoutMs },
    socket: {
      connectTimeout: connectTimeoutMs,
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** Math.min(retries, 10), reconnectDelayMsMax),
    },
  });
  client.on("error", onError);
  // A refused first connection is retried like any other; only `close` ends this promise early.
  client.connect().catch(onError);

  return {
    async get(key) {
      return (await client.get(key)) ?? undefined;
    },
    async set(key, value, lifetimeSeconds) {
      await client.set(key, value, { expiration: { type: "EX", value: lifetimeSeconds } });
    },
    async countHit(key, windowMs) {
      const [count, , endsInMs] = await client
        .multi()
        .incr(key)
        .pExpire(key, windowMs, "NX")
        .pTTL(key)
        .execTyped();
      return { count, endsInMs };
    },
    async takeHitBack(key) {
      await client.decr(key);
    },
    async forget(key) {
      await client.del(key);
    },
    async ping() {
      await client.ping();
    },
    close: () => close(client),
  };
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
