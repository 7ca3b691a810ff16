// The one place where what went wrong becomes a response, with the same body everywhere.
//
// A fault inside one request is logged and answered with 500, and the process goes on: ending it
// would let a single crafted request take every other one away. A fault outside any request ends
// the process; `main.ts` sees to that.
import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { z } from "zod";
import { Refusal, type RefusalDetail, type RefusalKind } from "../domain/refusal.js";
import type { Faults } from "../faults.js";
import { callerIn } from "./caller.js";
import { ShapeError } from "./endpoint.js";
import { logOf, requestIdOf, routeOf } from "./request-context.js";

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: readonly RefusalDetail[];
  readonly retrySeconds?: number | undefined;
}

const statusOf: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  not_found: 404,
  conflict: 409,
  too_many: 429,
  unavailable: 503,
};

export const notFound: RequestHandler = (request, response) => {
  const message = `cannot find \`${request.method} ${request.path}\``;
  sendProblem(response, { status: 404, code: "not_found", message, details: [] });
};

export const methodNotAllowed: RequestHandler = (request, response) => {
  const message = `cannot ${request.method} here; see \`allow\``;
  sendProblem(response, { status: 405, code: "method_not_allowed", message, details: [] });
};

export const unsupportedType: RequestHandler = (_request, response) => {
  const message = "cannot read the request: its body must be application/json";
  sendProblem(response, { status: 415, code: "unsupported_media_type", message, details: [] });
};

export const unclearHost: RequestHandler = (_request, response) => {
  const message = "cannot read the request: it must name one host";
  sendProblem(response, { status: 400, code: "invalid_request", message, details: [] });
};

export const notSecure: RequestHandler = (_request, response) => {
  const message = "cannot answer over plain HTTP: use https://";
  sendProblem(response, { status: 403, code: "https_only", message, details: [] });
};

export const tooManyRequests: RequestHandler = (_request, response) => {
  const message = "cannot answer now: too many requests; wait as long as `retry-after` says";
  sendProblem(response, { status: 429, code: "too_many_requests", message, details: [] });
};

/** The last in the chain; faults of ours are reported, refusals are not. */
export function errorHandler(faults: Pick<Faults, "report">): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, next) => {
    if (problemOf(error).status === 500 && !response.writableEnded) {
      faults.report(error, {
        requestId: requestIdOf(response),
        userId: callerIn(request)?.user.id,
        route: `${request.method} ${routeOf(request) ?? ""}`.trimEnd(),
      });
    }
    handleError(error, request, response, next);
  };
}

export const handleError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  // The deadline passed before, and this is only its echo.
  if (response.writableEnded) return;
  const problem = problemOf(error);
  if (problem.status >= 500) {
    const level = problem.status === 503 ? "warn" : "error";
    logOf(response)[level]({ error }, `failed to answer: ${problem.code}`);
  }
  // Half an answer is out already; all that is left is to cut the connection.
  if (response.headersSent) next(error);
  else sendProblem(response, problem);
};

export function sendProblem(response: Response, problem: Problem): void {
  const { status, code, message, details } = problem;
  if (status === 401) response.set("www-authenticate", "Bearer");
  const retrySeconds = problem.retrySeconds ?? (status === 503 ? 1 : undefined);
  if (retrySeconds !== undefined) response.set("retry-after", String(retrySeconds));
  const request_id = requestIdOf(response);
  response.status(status).json({ error: { code, message, request_id, details } });
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) {
    const { kind, code, message, retrySeconds } = error;
    // The domain does not know that its input came in a body; the client knows nothing else.
    const details = error.details.map((detail) => ({ ...detail, path: `body.${detail.path}` }));
    return { status: statusOf[kind], code, message, details, retrySeconds };
  }
  if (error instanceof ShapeError && error.part !== "answer") return shapeProblem(error);
  return unreadableProblem(error) ?? internalProblem;
}

const internalProblem: Problem = {
  status: 500,
  code: "internal",
  message: "failed to answer: the fault is ours and has been logged under this request id",
  details: [],
};

function shapeProblem(error: ShapeError): Problem {
  const details = error.issues.map((issue) => ({
    path: [error.part, ...issue.path].map(String).join("."),
    message: issue.message,
  }));
  const message = `cannot read the request: its ${partNames[error.part]} is not as agreed`;
  return { status: 400, code: "invalid_request", message, details };
}

const partNames = { params: "path", query: "query", body: "body", answer: "answer" } as const;

// What Express and its body parser throw at requests they cannot read, told apart by `type`.
const httpError = z.object({ status: z.int().min(400).max(499), type: z.string().optional() });

function unreadableProblem(error: unknown): Problem | undefined {
  const { data } = httpError.safeParse(error);
  if (data === undefined) return undefined;
  const { code, what } = unreadable[data.status] ?? {
    code: "invalid_request",
    what: unreadableTypes[data.type ?? ""] ?? "it is malformed",
  };
  return { status: data.status, code, message: `cannot read the request: ${what}`, details: [] };
}

const unreadableTypes: Readonly<Record<string, string>> = {
  "entity.parse.failed": "its body is not JSON",
  "body.not.utf8": "its body is not UTF-8",
  "request.aborted": "its body ended too early",
  "request.size.invalid": "its body is not as long as its `content-length` says",
};

const unreadable: Readonly<Record<number, { code: string; what: string }>> = {
  413: { code: "body_too_large", what: "its body is too large" },
  415: { code: "unsupported_media_type", what: "its body has an unknown encoding or charset" },
};
