// Remembers estimates in Redis, so that looking at a day twice does not ask twice. A cache that
// is away, slow or spoilt is the same as an empty one.
import { createHash } from "node:crypto";
import { z } from "zod";
import { isEstimate, type Estimate, type Estimator } from "../domain/estimates.js";
import { parseJson } from "./json.js";
import type { Redis } from "./redis.js";
import { estimateAnswer } from "./ml-service.js";

type Cache = Pick<Redis, "get" | "set">;

const lifetimeSeconds = 24 * 60 * 60;

export function cachedEstimator(
  estimator: Estimator,
  cache: Cache,
  count: (outcome: "hit" | "miss") => void = () => undefined,
): Estimator {
  return {
    async estimate(text, call) {
      const key = keyOf(text);
      const remembered = await recall(cache, key);
      count(remembered === undefined ? "miss" : "hit");
      if (remembered !== undefined) return remembered;
      const estimate = await estimator.estimate(text, call);
      if (isEstimate(estimate)) await remember(cache, key, estimate);
      return estimate;
    },
  };
}

/** What people ate is nobody's business, so the words themselves are not in the key. */
function keyOf(text: string): string {
  const plain = text.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, " ");
  return `estimate:v2:${createHash("sha256").update(plain).digest("base64url")}`;
}

async function recall(cache: Cache, key: string): Promise<Estimate | undefined> {
  const text = await cache.get(key).catch(() => undefined);
  if (text === undefined) return undefined;
  return z.safeParse(estimateAnswer, parseJson(text)).data;
}

async function remember(cache: Cache, key: string, estimate: Estimate): Promise<void> {
  await cache.set(key, JSON.stringify(estimate), lifetimeSeconds).catch(() => undefined);
}
