// Every request has a time by which it is answered: with what was found, or with 503. Work for it
// is told when nobody waits any more, because the time is over or the client left.
import type { RequestHandler, Response } from "express";
import { Refusal } from "../domain/refusal.js";
import { handleError } from "./errors.js";

export interface Deadline {
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

const deadlines = new WeakMap<Response, Deadline>();

export function requestDeadline(timeoutMs: number, nowMs: () => number): RequestHandler {
  return (request, response, next) => {
    const endsMs = nowMs() + timeoutMs;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      abort.abort();
      // Not by `next`: the rest of the chain may still be on its way.
      handleError(tooSlow(timeoutMs), request, response, next);
    }, timeoutMs);
    response.once("close", () => {
      clearTimeout(timer);
      abort.abort();
    });
    const remainingMs = () => Math.max(0, Math.round(endsMs - nowMs()));
    deadlines.set(response, { signal: abort.signal, remainingMs });
    next();
  };
}

export function deadlineOf(response: Response): Deadline {
  const deadline = deadlines.get(response);
  if (deadline === undefined)
    throw new Error("a response has no deadline: `requestDeadline` must come first");
  return deadline;
}

/**
 * A deadline of a part of the work: after so long, and with the request at the latest. Not
 * `AbortSignal.any`: in Node.js 20 a time-out in one is lost when memory is tidied up.
 */
export function shortened(deadline: Deadline, timeoutMs: number, nowMs: () => number): Deadline {
  const endsMs = nowMs() + timeoutMs;
  const abort = new AbortController();
  const end = () => {
    clearTimeout(timer);
    abort.abort();
  };
  const timer = setTimeout(end, timeoutMs);
  if (deadline.signal.aborted) end();
  deadline.signal.addEventListener("abort", end, { once: true });
  const remainingMs = () => Math.min(deadline.remainingMs(), endsMs - nowMs());
  return { signal: abort.signal, remainingMs };
}

function tooSlow(timeoutMs: number): Refusal {
  const message = `cannot answer now: it took longer than ${timeoutMs} ms`;
  return new Refusal("unavailable", "too_slow", message);
}
