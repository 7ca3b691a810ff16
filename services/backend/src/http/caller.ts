// Who asks: read from the bearer token once, before the account's limits and the handler use it.
import type { Request, RequestHandler } from "express";
import { callerOf, type Caller } from "../domain/sessions.js";
import { unauthenticated } from "../domain/users.js";
import type { Services } from "./endpoint.js";

const callers = new WeakMap<Request, Caller>();

/** Refuses everybody whose token does not say who they are. */
export function requireCaller(services: Services): RequestHandler {
  return async (request, _response, next) => {
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.get("authorization") ?? "") ?? [];
    if (token === undefined) throw unauthenticated();
    callers.set(request, await callerOf(services, services.tokens.verify(token)));
    next();
  };
}

export function callerIn(request: Request): Caller | undefined {
  return callers.get(request);
}
