// The endpoint for what a few words about a meal amount to; nothing is written down.
import {
  estimateOne,
  type Candidate,
  type Estimate,
  type EstimateCall,
} from "../domain/estimates.js";
import { shortened, type Deadline } from "./deadline.js";
import { endpoint } from "./endpoint.js";
import * as schemas from "./schemas.js";

// For all estimates of one request together: a person waits for this answer.
const estimatesTimeoutMs = 2_000;

export const estimateEndpoints = [
  endpoint({
    method: "post",
    path: "/api/estimates",
    operation: "estimate",
    summary: "Estimate a meal that is described in words, and list what the words may mean",
    access: "user",
    status: 200,
    refusals: [400, 401, 429, 503],
    body: schemas.estimateRequest,
    answer: schemas.estimate,
    handle: async ({ body, caller, requestId, deadline }, services) => {
      const call = estimateCall(caller.user.id, requestId, deadline, services.nowMs);
      return estimateAnswer(
        await estimateOne(services.estimator, body.text, call),
        body.candidates,
      );
    },
  }),
];

/** A call whose time begins now, and is over with the request at the latest. */
export function estimateCall(
  userId: string,
  requestId: string,
  deadline: Deadline,
  nowMs: () => number,
): EstimateCall {
  return { userId, requestId, ...shortened(deadline, estimatesTimeoutMs, nowMs) };
}

function estimateAnswer(estimate: Estimate, candidatesMax: number) {
  const likeliest = (candidates: readonly Candidate[]) => candidates.slice(0, candidatesMax);
  return {
    ...estimate,
    unknown: [...estimate.unknown],
    items: estimate.items.map((it) => ({ ...it, candidates: likeliest(it.candidates) })),
    guesses: estimate.guesses.map((it) => ({ ...it, candidates: likeliest(it.candidates) })),
  };
}
