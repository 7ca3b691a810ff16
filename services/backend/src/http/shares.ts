// What one account may have under way at once, whatever it asks for: who asks much waits for
// themselves, and not everybody else for them. The database has few connections, and answers are
// written on one core.
import type { Request, RequestHandler, Response } from "express";
import { tooMany } from "../domain/refusal.js";
import { Turns } from "../domain/turns.js";
import { callerIn } from "./caller.js";
import { deadlineOf } from "./deadline.js";

export type Handler = (request: Request, response: Response) => Promise<void>;

const atOnceMax = 3;
/** More of them wait for nobody's sake. */
const waitingMax = 30;

/** Makes handlers that share the turns of each account, in this process. */
export function accountShares(): (handle: Handler) => RequestHandler {
  const turns = new Turns(atOnceMax);
  return (handle) => async (request, response) => {
    const name = callerIn(request)?.user.id;
    if (name === undefined) return handle(request, response);
    if (turns.waiting(name) >= waitingMax)
      throw tooMany("too many requests of this account wait already", { retrySeconds: 1 });
    const giveBack = await turns.take(name, deadlineOf(response).signal);
    // Nobody waits any more: it was too slow, or they left.
    if (giveBack === undefined) return;
    await handle(request, response).finally(giveBack);
  };
}
