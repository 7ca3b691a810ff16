// What is refused before anybody looks at what was asked for: the wrong method, the wrong type of
// body, and plain HTTP where only HTTPS will do.
import { Router, type RequestHandler } from "express";
import { methodNotAllowed, notSecure, unsupportedType } from "./errors.js";

/** Comes after all that serves: whoever is still on the way used a method that is not there. */
export function methodRouter(places: ReadonlyMap<string, readonly string[]>): Router {
  const router = Router();
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

/** Redirects those who only read. The rest has told its secrets already, and must not do so again. */
export const httpsOnly: RequestHandler = (request, response, next) => {
  if (request.secure) next();
  else if (["GET", "HEAD"].includes(request.method))
    response.redirect(308, `https://${request.host}${request.originalUrl}`);
  else notSecure(request, response, next);
};
