// What one account may have of the estimator, which works on few cores for everybody: so many
// estimates under way at once, and so many in a minute. What a cache answers is free, because the
// cache stands before this.
import type { EstimateCall, Estimator, Found } from "./estimates.js";

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

interface Line {
  underWay: number;
  /** In the order in which they came. */
  readonly waiting: Set<() => void>;
}

/** So many turns at once for each name; who does not have one waits for those before. */
class Turns {
  readonly #lines = new Map<string, Line>();

  constructor(private readonly atOnceMax: number) {}

  /** Gives what ends the turn, or nothing where the signal came first. */
  async take(name: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    const line = this.#lines.get(name) ?? { underWay: 0, waiting: new Set() };
    this.#lines.set(name, line);
    if (line.underWay < this.atOnceMax) line.underWay += 1;
    else if (!(await calledIn(line, signal))) return undefined;
    return () => {
      this.#next(name, line);
    };
  }

  /** Hands the turn to who waits for longest, so that nobody who comes now can take it. */
  #next(name: string, line: Line): void {
    const [call] = line.waiting;
    if (call !== undefined) call();
    else if ((line.underWay -= 1) === 0) this.#lines.delete(name);
  }
}

/** Waits to be called; false where the signal came first. */
function calledIn({ waiting }: Line, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const call = () => {
      end(true);
    };
    const leave = () => {
      end(false);
    };
    const end = (called: boolean) => {
      waiting.delete(call);
      signal.removeEventListener("abort", leave);
      resolve(called);
    };
    waiting.add(call);
    signal.addEventListener("abort", leave, { once: true });
  });
}
