// Guesses of what a few words about a meal amount to. Another service makes them; it may be
// slow or away, so nothing here may depend on getting one.
import type { Nutrients } from "./nutrients.js";
import { Refusal, tooMany, unavailable } from "./refusal.js";

/** A food of the estimator's own table, which is not the table of `/api/foods`. */
export interface EstimatedFood {
  readonly id: string;
  readonly name: string;
  readonly source: string;
}

/** A food that words may mean, and how likely they do. */
export interface Candidate {
  readonly food: EstimatedFood;
  readonly confidence: number;
}

export interface EstimatedItem {
  readonly food: EstimatedFood;
  readonly grams: number;
  readonly nutrients: Nutrients;
  readonly confidence: number;
  readonly text: string;
  /** At most three, the likeliest first. */
  readonly candidates: readonly Candidate[];
}

/** Words that name no food for certain. */
export interface Guess {
  readonly text: string;
  readonly candidates: readonly Candidate[];
}

export interface Estimate {
  readonly items: readonly EstimatedItem[];
  readonly unknown: readonly string[];
  readonly guesses: readonly Guess[];
  readonly total: Nutrients;
  readonly confidence: number;
  readonly model: string;
  /** The release of the estimator that made it, where it told one. */
  readonly release?: string;
}

/** Words that nobody will ever estimate, and why. */
export interface Unreadable {
  readonly unreadable: string;
}

/** No estimate for this account now, because it has its share; and when to ask again. */
export interface Postponed {
  readonly postponed: string;
  readonly retrySeconds: number;
}

export type Found = Estimate | Unreadable | Postponed | undefined;

/** Who asks, and until when an answer is of use. */
export interface EstimateCall {
  readonly userId: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

export interface Estimator {
  /** Undefined when no estimate could be had in time. Never throws. */
  estimate(text: string, call: EstimateCall): Promise<Found>;
}

export const isEstimate = (found: Found): found is Estimate =>
  found !== undefined && "total" in found;

/** The estimate of one text, for somebody who asks for nothing else. */
export async function estimateOne(
  estimator: Estimator,
  text: string,
  call: EstimateCall,
): Promise<Estimate> {
  const found = await estimator.estimate(text, call);
  if (isEstimate(found)) return found;
  // The cause is in the log already, under the same request id.
  if (found === undefined) throw unavailable("ML service", undefined);
  if ("postponed" in found) throw tooMany(`cannot estimate now: ${found.postponed}`, found);
  const details = [{ path: "text", message: found.unreadable }];
  throw new Refusal("invalid", "invalid_request", "cannot estimate this text", details);
}

/** How many estimates of one account are under way at once, however many requests want them. */
export const atOnceMax = 2;

/** Estimates every distinct text; what could not be had now is left out. */
export async function estimateAll(
  estimator: Estimator,
  texts: readonly string[],
  call: EstimateCall,
): Promise<ReadonlyMap<string, Estimate | Unreadable>> {
  const waiting = [...new Set(texts)];
  const found = new Map<string, Estimate | Unreadable>();

  async function work(): Promise<void> {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      const estimate = await estimator.estimate(text, call);
      if (estimate !== undefined && !("postponed" in estimate)) found.set(text, estimate);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, waiting.length) }, work));
  return found;
}
