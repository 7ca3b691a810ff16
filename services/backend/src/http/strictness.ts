// What is refused before anybody looks at what was asked for: the wrong method, the wrong type of
// body, and plain HTTP where only HTTPS will do.
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { Router, type Request, type RequestHandler, type RouterOptions } from "express";
import { methodNotAllowed, notSecure, unclearHost, unsupportedType } from "./errors.js";

/** A path has one form, as in the ML service. */
export const exactPaths: RouterOptions = { caseSensitive: true, strict: true };

/** Comes after all that serves: whoever is still on the way used a method that is not there. */
export function methodRouter(places: ReadonlyMap<string, readonly string[]>): Router {
  const router = Router(exactPaths);
  for (const [path, methods] of places) {
    const allow = methods.flatMap((it) => (it === "GET" ? ["GET", "HEAD"] : [it])).join(", ");
    router.all(path, (_request, response, next) => {
      response.set("allow", allow);
      next();
    });
    router.all(path, methodNotAllowed);
  }
  return router;
}

/** A request without a body has no type either; what it lacks is told by its schema. */
export const refuseOtherTypes: RequestHandler = (request, response, next) => {
  const empty = request.get("content-length") === "0";
  if (!empty && request.is("application/json") === false) unsupportedType(request, response, next);
  else next();
};

/**
 * JSON is UTF-8. What is none would be kept as something else than was sent: each byte that cannot
 * be read becomes a question mark.
 */
export function refuseOtherBytes(
  _request: IncomingMessage,
  _response: unknown,
  body: Buffer,
  charset: string,
): void {
  if (charset !== "utf-8")
    throw Object.assign(new Error("another charset"), { status: 415, type: "charset.unsupported" });
  if (!isUtf8(body))
    throw Object.assign(new Error("no UTF-8"), { status: 400, type: "body.not.utf8" });
}

/** Two hosts are two answers to who was asked, and a proxy may have believed the other one. */
export const refuseUnclearHost: RequestHandler = (request, response, next) => {
  const names = request.rawHeaders.filter((_it, at) => at % 2 === 0);
  const hosts = names.filter((name) => name.toLowerCase() === "host").length;
  if (hosts === 1 || (hosts === 0 && request.httpVersion === "1.0")) next();
  else unclearHost(request, response, next);
};

/** Redirects those who only read. The rest has told its secrets already, and must not do so again. */
export function httpsOnly(hops: number): RequestHandler {
  return (request, response, next) => {
    // Not what a proxy says of the host: it is not asked for, so it may be the visitor's own word.
    const host = request.get("host");
    if (cameSecurely(request, hops)) next();
    else if (!["GET", "HEAD"].includes(request.method)) notSecure(request, response, next);
    else if (host === undefined) unclearHost(request, response, next);
    else response.redirect(308, `https://${host}${request.originalUrl}`);
  };
}

/** What the outermost of our own proxies saw: each adds its word at the end, or is the only one. */
function cameSecurely(request: Request, hops: number): boolean {
  if ((request.socket as Partial<TLSSocket>).encrypted === true) return true;
  if (hops === 0) return false;
  const said = (request.get("x-forwarded-proto") ?? "").split(",").map((it) => it.trim());
  return (said.at(-hops) ?? said[0])?.toLowerCase() === "https";
}
