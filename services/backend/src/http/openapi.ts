// The OpenAPI document, made from the same endpoints and schemas that serve the requests.
import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import type { Endpoint } from "./endpoint.js";
import * as schemas from "./schemas.js";

const refusalNames: Readonly<Record<number, string>> = {
  400: "The request is not as agreed",
  401: "No valid token, or wrong credentials",
  403: "It was asked over plain HTTP, and only HTTPS is answered",
  404: "There is no such thing, or it is somebody else's",
  409: "It clashes with what is already there",
  413: "The body is too large",
  415: "The body is not JSON",
  429: "Too many requests; see `retry-after`",
  500: "A fault of ours, which has been logged under the request id",
  503: "Something the service needs is away, or there is too much to do; see `retry-after`",
};

const successNames = { 200: "Done", 201: "Made", 202: "Taken", 204: "Gone" } as const;

export function openApiDocument(endpoints: readonly Endpoint[]) {
  const paths: ZodOpenApiPathsObject = healthPaths();
  for (const it of endpoints) {
    const path = it.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [it.method]: operation(it) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Nutri API",
      version: "1",
      description: "Foods, meals and what a day adds up to.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  });
}

/** What any request may be told, whatever it asks for. */
const common = [400, 403, 500];

/** All refusals of an endpoint: its own, and those that come with a body or with being served. */
export function refusalsOf({ refusals, schemas: { body } }: Endpoint): readonly number[] {
  return [...new Set([...refusals, ...(body === undefined ? [] : [413, 415]), ...common])].sort();
}

function operation(it: Endpoint): ZodOpenApiOperationObject {
  const { params, query, body, answer } = it.schemas;
  const refused = refusalsOf(it).map((status) => [
    String(status),
    answerOf(refusalNames[status] ?? "", schemas.problem),
  ]);
  return {
    operationId: it.operation,
    summary: it.summary,
    ...(it.access === "user" && { security: [{ token: [] }] }),
    ...((params ?? query) && {
      requestParams: {
        ...(params && { path: params as z.ZodObject }),
        ...(query && { query: query as z.ZodObject }),
      },
    }),
    ...(body && {
      requestBody: { required: true, content: { "application/json": { schema: body } } },
    }),
    responses: {
      [String(it.status)]: answerOf(successNames[it.status], answer),
      ...(it.method === "get" && { "308": answerOf("Ask again over HTTPS", undefined) }),
      ...(Object.fromEntries(refused) as ZodOpenApiResponsesObject),
    },
  };
}

function healthPaths(): ZodOpenApiPathsObject {
  const probe = (operationId: string, summary: string, schema: z.ZodType, statuses: number[]) => ({
    get: {
      operationId,
      summary,
      responses: Object.fromEntries(
        statuses.map((status) => [status, answerOf(status === 200 ? "Yes" : "No", schema)]),
      ),
    },
  });
  return {
    "/api/health": probe(
      "health",
      "How is everything the service needs?",
      schemas.health,
      [200, 503],
    ),
    "/api/health/live": probe("live", "Is the process alive?", schemas.liveness, [200]),
    "/api/health/ready": probe("ready", "May it be sent requests?", schemas.readiness, [200, 503]),
  };
}

function answerOf(description: string, schema: z.ZodType | undefined) {
  return { description, ...(schema && { content: { "application/json": { schema } } }) };
}
