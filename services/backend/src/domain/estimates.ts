// Guesses of what a few words about a meal amount to. Another service makes them; it may be
// slow or away, so nothing here may depend on getting one.
import type { Nutrients } from "./nutrients.js";

export interface Estimate {
  readonly total: Nutrients;
  readonly confidence: number;
  readonly model: string;
}

/** Who asks, and until when an answer is of use. */
export interface EstimateCall {
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

export interface Estimator {
  /** Undefined when no estimate could be had in time. Never throws. */
  estimate(text: string, call: EstimateCall): Promise<Estimate | undefined>;
}

// The ML service works on few cores: more at once would only wait there instead of here.
const atOnceMax = 8;

/** Estimates every distinct text; what could not be had in time is left out. */
export async function estimateAll(
  estimator: Estimator,
  texts: readonly string[],
  call: EstimateCall,
): Promise<ReadonlyMap<string, Estimate>> {
  const waiting = [...new Set(texts)];
  const found = new Map<string, Estimate>();

  async function work(): Promise<void> {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      const estimate = await estimator.estimate(text, call);
      if (estimate !== undefined) found.set(text, estimate);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, waiting.length) }, work));
  return found;
}
