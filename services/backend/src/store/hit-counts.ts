// How often somebody called, for the rate limits: counted in Redis for all copies of the service
// together, and by this process alone while Redis is away. Limits get looser then, never absent.
// Not rate-limit-redis: started while Redis is away, it never counts again, and what it takes back
// late leaves a count without end.
import {
  MemoryStore,
  type ClientRateLimitInfo,
  type IncrementResponse,
  type Options,
  type Store,
} from "express-rate-limit";
import type { Redis } from "./redis.js";

type Counter = Pick<Redis, "countHit" | "readHits" | "takeHitBack" | "forget">;

export class HitCounts implements Store {
  readonly localKeys = false;
  readonly prefix: string;
  readonly #memory = new MemoryStore();
  #windowMs = 60_000;

  constructor(
    private readonly redis: Counter,
    name: string,
  ) {
    this.prefix = `hits:${name}:`;
  }

  init(options: Options): void {
    this.#windowMs = options.windowMs;
    this.#memory.init(options);
  }

  async increment(key: string): Promise<IncrementResponse> {
    try {
      const { count, endsInMs } = await this.redis.countHit(this.prefix + key, this.#windowMs);
      return { totalHits: count, resetTime: new Date(Date.now() + endsInMs) };
    } catch {
      return this.#memory.increment(key);
    }
  }

  async get(key: string): Promise<ClientRateLimitInfo | undefined> {
    try {
      const hits = await this.redis.readHits(this.prefix + key);
      if (hits === undefined) return undefined;
      return { totalHits: hits.count, resetTime: new Date(Date.now() + hits.endsInMs) };
    } catch {
      return this.#memory.get(key);
    }
  }

  async decrement(key: string): Promise<void> {
    await this.redis.takeHitBack(this.prefix + key).catch(() => this.#memory.decrement(key));
  }

  async resetKey(key: string): Promise<void> {
    await this.#memory.resetKey(key);
    await this.redis.forget(this.prefix + key).catch(() => undefined);
  }

  shutdown(): void {
    this.#memory.shutdown();
  }
}
