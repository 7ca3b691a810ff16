// One account has its share of the estimator, and the others have theirs.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { sharedEstimator, type Allowance } from "../../src/domain/estimate-shares.js";
import {
  estimateAll,
  type EstimateCall,
  type Estimator,
  type Found,
} from "../../src/domain/estimates.js";
import { noEstimate } from "../world/app.js";

/** An estimator that answers when it is told to. */
class Held implements Estimator {
  readonly asked: string[] = [];
  readonly #open: ((found: Found) => void)[] = [];

  estimate(text: string): Promise<Found> {
    this.asked.push(text);
    return new Promise((resolve) => this.#open.push(resolve));
  }

  /** Answers whom it was asked by first. */
  answer(): void {
    this.#open.shift()?.(noEstimate);
  }
}

const plenty: Allowance = { take: () => Promise.resolve(undefined) };

function callOf(userId: string, signal = new AbortController().signal): EstimateCall {
  return { userId, requestId: "test", signal, remainingMs: () => 1_000 };
}

/** Lets everything go on that does not wait for something from outside. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the share of an account", () => {
  let held: Held;
  let shared: Estimator;
  beforeEach(() => {
    held = new Held();
    shared = sharedEstimator(held, { atOnceMax: 2, allowance: plenty });
  });

  it("is_two_estimates_at_once_and_the_next_begin_in_their_order", async () => {
    const answers = ["a", "b", "c", "d"].map((text) => shared.estimate(text, callOf("ada")));
    await settled();
    expect(held.asked).toEqual(["a", "b"]);
    held.answer();
    await settled();
    expect(held.asked).toEqual(["a", "b", "c"]);
    held.answer();
    await settled();
    expect(held.asked).toEqual(["a", "b", "c", "d"]);
    held.answer();
    held.answer();
    expect(await Promise.all(answers)).toEqual(Array(4).fill(noEstimate));
  });

  it("does_not_make_others_wait", async () => {
    for (const text of ["a", "b", "c"]) void shared.estimate(text, callOf("ada"));
    void shared.estimate("of bob", callOf("bob"));
    await settled();
    expect(held.asked).toEqual(["a", "b", "of bob"]);
  });

  it("is_not_taken_by_who_comes_later_when_a_turn_is_handed_on", async () => {
    for (const text of ["a", "b", "c"]) void shared.estimate(text, callOf("ada"));
    await settled();
    held.answer();
    held.answer();
    await settled();
    void shared.estimate("d", callOf("ada"));
    void shared.estimate("e", callOf("ada"));
    await settled();
    expect(held.asked).toEqual(["a", "b", "c", "d"]);
  });

  it("is_postponed_for_who_waited_in_vain_and_that_one_is_never_asked_for", async () => {
    const over = new AbortController();
    for (const text of ["a", "b"]) void shared.estimate(text, callOf("ada"));
    const third = shared.estimate("c", callOf("ada", over.signal));
    await settled();
    over.abort();
    expect(await third).toMatchObject({ retrySeconds: 1 });
    held.answer();
    held.answer();
    await settled();
    void shared.estimate("d", callOf("ada"));
    await settled();
    expect(held.asked).toEqual(["a", "b", "d"]);
  });

  it("is_not_used_by_a_call_that_is_over", async () => {
    expect(await shared.estimate("a", callOf("ada", AbortSignal.abort()))).toMatchObject({
      retrySeconds: 1,
    });
    expect(held.asked).toEqual([]);
  });

  it("is_given_back_after_a_fault", async () => {
    const faulty = { estimate: () => Promise.reject(new Error("a bug")) };
    const once = sharedEstimator(faulty, { atOnceMax: 1, allowance: plenty });
    await expect(once.estimate("a", callOf("ada"))).rejects.toThrow("a bug");
    await expect(once.estimate("b", callOf("ada"))).rejects.toThrow("a bug");
  });

  it("still_answers_one_request_with_many_texts", async () => {
    const texts = Array.from({ length: 50 }, (_, at) => `meal ${at}`);
    const quick = { estimate: () => Promise.resolve(noEstimate) };
    const share = { atOnceMax: 2, allowance: plenty };
    const found = await estimateAll(sharedEstimator(quick, share), texts, callOf("ada"));
    expect(found.size).toBe(50);
  });
});

describe("the allowance of an account", () => {
  it("says_how_long_to_wait_and_what_is_beyond_it_is_not_asked_for", async () => {
    let taken = 0;
    const allowance: Allowance = {
      take: () => Promise.resolve((taken += 1) > 2 ? 41_001 : undefined),
    };
    const asked: string[] = [];
    const estimator: Estimator = {
      estimate: (text) => {
        asked.push(text);
        return Promise.resolve(noEstimate);
      },
    };
    const shared = sharedEstimator(estimator, { atOnceMax: 1, allowance });
    const call = callOf("ada");
    expect(await shared.estimate("a", call)).toBe(noEstimate);
    expect(await shared.estimate("b", call)).toBe(noEstimate);
    expect(await shared.estimate("c", call)).toMatchObject({ retrySeconds: 42 });
    expect(await shared.estimate("d", call)).toMatchObject({ retrySeconds: 42 });
    expect(asked).toEqual(["a", "b"]);
  });
});
