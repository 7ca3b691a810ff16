// What belongs to one request and travels with its response: an id, a log that carries the id,
// and the line that is written when the response is over.
import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import type { Log } from "../log.js";
import type { SeenRequest } from "../metrics.js";
import { scrubText } from "../scrub.js";
import type { DrainState } from "./drain.js";

interface Context {
  readonly requestId: string;
  readonly log: Log;
}

const saneId = /^[\w.-]{1,64}$/;
/** It stands in every line, so it must be nothing that would be taken out of one. */
const isGoodId = (given: string) => saneId.test(given) && scrubText(given) === given;
const contexts = new WeakMap<Response, Context>();

export function requestContext(version: string, log: Log, drain: DrainState): RequestHandler {
  return (request, response, next) => {
    const given = request.get("x-request-id");
    const requestId = given !== undefined && isGoodId(given) ? given : randomUUID();
    contexts.set(response, { requestId, log: log.child({ request_id: requestId }) });

    response.set({ "x-request-id": requestId, "x-app-version": version });
    // Tells the proxy to open its next connection to somebody who stays.
    if (drain.draining) response.set("connection", "close");
    next();
  };
}

/** Longer paths than ours are of people who look for holes: their beginning tells enough. */
const pathMax = 512;

/** Writes one line per request; the query stays out of it, for it may hold anything. */
export function requestLog(
  nowMs: () => number,
  count: (seen: SeenRequest) => void,
): RequestHandler {
  return (request, response, next) => {
    const startedMs = nowMs();
    const { method } = request;
    const path = request.path.slice(0, pathMax);
    response.once("close", () => {
      count({
        method,
        route: routeOf(request),
        status: response.statusCode,
        seconds: (nowMs() - startedMs) / 1000,
      });
      const duration_ms = Math.round((nowMs() - startedMs) * 10) / 10;
      const complete = response.writableFinished;
      const line = { method, path, status: response.statusCode, duration_ms };
      const level = path.startsWith("/api/health") ? "debug" : "info";
      logOf(response)[level](
        line,
        complete ? "request answered" : "request abandoned by the client",
      );
    });
    next();
  };
}

/** The path of the endpoint that serves a request, as it is declared. */
export function routeOf(request: Request): string | undefined {
  const route = request.route as { path?: unknown } | undefined;
  return typeof route?.path === "string" ? route.path : undefined;
}

export function requestIdOf(response: Response): string {
  return contextOf(response).requestId;
}

export function logOf(response: Response): Log {
  return contextOf(response).log;
}

function contextOf(response: Response): Context {
  const context = contexts.get(response);
  if (context === undefined)
    throw new Error("a response has no context: `requestContext` must come first");
  return context;
}
