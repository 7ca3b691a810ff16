// Puts the app together: what every request meets, in order. Nothing happens on import.
import cors from "cors";
import express, { Router, type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { Settings } from "../settings.js";
import { callerIn, requireCaller } from "./caller.js";
import { deadlineOf, requestDeadline } from "./deadline.js";
import type { Endpoint, Services } from "./endpoint.js";
import { errorHandler, notFound } from "./errors.js";
import { estimateEndpoints } from "./estimates.js";
import { foodEndpoints } from "./foods.js";
import { healthRouter } from "./health.js";
import {
  exactPaths,
  httpsOnly,
  methodRouter,
  refuseOtherBytes,
  refuseOtherTypes,
  refuseUnclearHost,
} from "./strictness.js";
import { createLimits, type Limits } from "./limits.js";
import { mealEndpoints } from "./meals.js";
import { openApiDocument } from "./openapi.js";
import type { Ports } from "./ports.js";
import { requestContext, requestIdOf, requestLog } from "./request-context.js";
import { accountShares, type Handler } from "./shares.js";
import { summaryEndpoints } from "./summary.js";
import { createTokens } from "./tokens.js";
import { userEndpoints } from "./users.js";

const bodyBytesMax = "64kb";

/** For a browser that shows an answer as a page: it is none, and nothing may be loaded for it. */
const nothingToShow = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** What a page of another origin may read, beside the body. */
const exposedHeaders = [
  "x-request-id",
  "x-app-version",
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
];

export const endpoints: readonly Endpoint[] = [
  ...userEndpoints,
  ...foodEndpoints,
  ...mealEndpoints,
  ...estimateEndpoints,
  ...summaryEndpoints,
];

export function createApp(settings: Settings, ports: Ports): Express {
  const keys = { current: settings.jwtSecret, previous: settings.jwtSecretPrevious };
  const services = { ...ports, tokens: createTokens(keys, ports.now) };
  const app = express();
  // Without this every visitor would share the proxy's address, and so its rate limit.
  app.set("trust proxy", settings.trustProxyHops);

  app.use(requestContext(settings.appVersion, ports.log, ports.drain));
  app.use(requestLog(ports.nowMs, ports.count));
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: nothingToShow } }));
  app.use("/api/health", refuseUnclearHost);
  app.use(healthRouter(settings, ports));
  app.use(requestDeadline(settings.requestTimeoutMs, ports.nowMs));
  // Before the limit, so that a page of another origin may read that it asked too often.
  app.use(cors({ origin: [...settings.corsOrigins], exposedHeaders, preflightContinue: true }));
  const limits = createLimits(settings, ports.hits);
  app.use(limits.general);
  app.use(refuseUnclearHost);
  if (settings.httpsOnly) app.use(httpsOnly(settings.trustProxyHops));
  app.use(endPreflight);
  app.use(documentRouter());
  app.use(apiRouter(services, limits));
  app.use(methodRouter(places()));
  app.use(notFound);
  app.use(errorHandler(ports.faults));
  return app;
}

/** What it may ask was said by the headers. */
const endPreflight: RequestHandler = (request, response, next) => {
  if (request.method === "OPTIONS") response.status(204).set("content-length", "0").end();
  else next();
};

function apiRouter(services: Services, limits: Limits): Router {
  const router = Router(exactPaths);
  const readBody = [
    refuseOtherTypes,
    express.json({ limit: bodyBytesMax, verify: refuseOtherBytes }),
  ];
  const share = accountShares();
  for (const endpoint of endpoints) {
    const { before, after, failed } = limits.of(endpoint);
    const chain = [
      ...before,
      ...(endpoint.access === "user" ? [requireCaller(services)] : []),
      ...(endpoint.schemas.body === undefined ? [] : readBody),
      ...after,
      share(serve(endpoint, services)),
      ...failed,
    ];
    router[endpoint.method](endpoint.path, ...chain);
  }
  return router;
}

function serve(endpoint: Endpoint, services: Services): Handler {
  return async (request, response) => {
    const { params, query } = request;
    const body: unknown = request.body;
    const call = {
      ...{ params, query, body, caller: callerIn(request) },
      ...{ requestId: requestIdOf(response), deadline: deadlineOf(response) },
    };
    const answer = await endpoint.run(call, services);
    // Too late: something else was said already.
    if (response.headersSent) return;
    // Answers belong to one person; no cache on the way may keep them.
    response.status(endpoint.status).set("cache-control", "no-store");
    if (endpoint.status === 204) response.end();
    else response.json(answer);
  };
}

/** Every path, and what may be done there. */
function places(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const health = ["", "/live", "/ready"].map((path) => `/api/health${path}`);
  for (const path of [...health, "/api/openapi.json"]) found.set(path, ["GET"]);
  for (const { path, method } of endpoints)
    found.set(path, [...(found.get(path) ?? []), method.toUpperCase()]);
  return found;
}

function documentRouter(): Router {
  const document = Buffer.from(JSON.stringify(openApiDocument(endpoints)));
  const router = Router(exactPaths);
  router.get("/api/openapi.json", (_request, response) => {
    response.type("json").send(document);
  });
  return router;
}
