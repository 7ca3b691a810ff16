// What one account may have of the estimator, which works on few cores for everybody: so many
// estimates under way at once, and so many in a minute. What a cache answers is free, because the
// cache stands before this.
import type { EstimateCall, Estimator, Found } from "./estimates.js";
import { Turns } from "./turns.js";

/** How much an account may still have. */
export interface Allowance {
  /** Counts one estimate; how long to wait, in milliseconds, where that was one too many. */
  take(userId: string): Promise<number | undefined>;
}

export function sharedEstimator(
  estimator: Estimator,
  share: { readonly atOnceMax: number; readonly allowance: Allowance },
): Estimator {
  const turns = new Turns(share.atOnceMax);

  async function ask(text: string, call: EstimateCall): Promise<Found> {
    const waitMs = await share.allowance.take(call.userId);
    if (waitMs === undefined) return estimator.estimate(text, call);
    const postponed =
      "this account had too many within a minute; wait as long as `retry-after` says";
    return { postponed, retrySeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  }
  return {
    async estimate(text, call) {
      const giveBack = await turns.take(call.userId, call.signal);
      if (giveBack === undefined) return underWay(share.atOnceMax);
      return ask(text, call).finally(giveBack);
    },
  };
}

function underWay(atOnceMax: number): Found {
  const postponed = `${atOnceMax} estimates of this account are under way; try again shortly`;
  return { postponed, retrySeconds: 1 };
}
