// Remembers estimates in Redis, so that looking at a day twice does not ask twice. A cache that
// is away, slow or spoilt is the same as an empty one.
//
// Sessions are in the same Redis, so the cache has a size: so many slots, and so much in each. Texts
// share a slot by their digest, and the later one has it. What is in a slot tells which text it
// belongs to, and which release of the ML service made it: only what that release made is good.
import { createHash } from "node:crypto";
import { z } from "zod";
import { isEstimate, type Estimate, type Estimator } from "../domain/estimates.js";
import { parseJson } from "./json.js";
import type { Redis } from "./redis.js";
import { estimateAnswer } from "./ml-service.js";

type Cache = Pick<Redis, "get" | "set">;

export const slots = 2048;
export const slotBytesMax = 8 * 1024;
const lifetimeSeconds = 24 * 60 * 60;

const kept = z.object({ digest: z.string(), release: z.string(), estimate: estimateAnswer });

export interface CacheOptions {
  /** The release of the ML service that answers now; nothing while nobody knows. */
  readonly release: () => string | undefined;
  readonly count?: (outcome: "hit" | "miss") => void;
}

export function cachedEstimator(
  estimator: Estimator,
  cache: Cache,
  { release, count = () => undefined }: CacheOptions,
): Estimator {
  return {
    async estimate(text, call) {
      const place = placeOf(text);
      const remembered = await recall(cache, place, release());
      count(remembered === undefined ? "miss" : "hit");
      if (remembered !== undefined) return remembered;
      const estimate = await estimator.estimate(text, call);
      if (isEstimate(estimate)) await remember(cache, place, estimate);
      return estimate;
    },
  };
}

interface Place {
  readonly slot: string;
  readonly digest: string;
}

/**
 * What people ate is nobody's business, so the words themselves are nowhere. The text is taken as
 * it is: the end of a line parts two foods, and an answer quotes the words that it was made of.
 */
function placeOf(text: string): Place {
  const digest = createHash("sha256").update(text).digest();
  const slot = digest.readUInt32BE(0) % slots;
  return { slot: `estimate:v4:${slot}`, digest: digest.toString("base64url") };
}

async function recall(
  cache: Cache,
  { slot, digest }: Place,
  release: string | undefined,
): Promise<Estimate | undefined> {
  const text = await cache.get(slot).catch(() => undefined);
  if (text === undefined) return undefined;
  const { data } = z.safeParse(kept, parseJson(text));
  return data?.digest === digest && data.release === release ? data.estimate : undefined;
}

async function remember(cache: Cache, { slot, digest }: Place, made: Estimate): Promise<void> {
  const { release = "", ...estimate } = made;
  const text = JSON.stringify({ digest, release, estimate });
  if (Buffer.byteLength(text) > slotBytesMax) return;
  await cache.set(slot, text, lifetimeSeconds).catch(() => undefined);
}
