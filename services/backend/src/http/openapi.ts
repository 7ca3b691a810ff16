// The OpenAPI document, made from the same endpoints and schemas that serve the requests.
import { z } from "zod";
import type { Endpoint } from "./endpoint.js";
import * as schemas from "./schemas.js";

type Json = Record<string, unknown>;

const refusalNames: Readonly<Record<number, string>> = {
  400: "The request is not as agreed",
  401: "No valid token, or wrong credentials",
  404: "There is no such thing, or it is somebody else's",
  409: "It clashes with what is already there",
  429: "Too many requests; see `retry-after`",
  503: "Something the service needs is away",
};

const successNames = { 200: "Done", 201: "Made", 202: "Taken", 204: "Gone" } as const;

export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const paths: Record<string, Json> = { ...healthPaths() };
  for (const it of endpoints) {
    const path = it.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [it.method]: operation(it) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Nutri API",
      version: "1",
      description: "Foods, meals and what a day adds up to.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: namedSchemas(),
    },
  };
}

function operation(it: Endpoint): Json {
  const { params, query, body, answer } = it.schemas;
  const parameters = [...parametersOf("path", params), ...parametersOf("query", query)];
  const refusals = it.refusals.map((status) => [
    status,
    answerOf(refusalNames[status], schemas.problem),
  ]);
  return {
    operationId: it.operation,
    summary: it.summary,
    ...(it.access === "user" && { security: [{ token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      [it.status]: answerOf(successNames[it.status], answer),
      ...(Object.fromEntries(refusals) as Json),
    },
  };
}

function healthPaths(): Record<string, Json> {
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

function answerOf(description: string | undefined, schema: z.ZodType | undefined): Json {
  return { description, ...(schema && { content: contentOf(schema) }) };
}

function contentOf(schema: z.ZodType): Json {
  const name = schema.meta()?.id;
  if (name === undefined) throw new Error("cannot describe a body: its schema has no id");
  return { "application/json": { schema: reference(name) } };
}

function parametersOf(place: "path" | "query", schema: z.ZodType | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties, required } = z
    .object({
      properties: z.record(z.string(), z.record(z.string(), z.unknown())),
      required: z.array(z.string()).default([]),
    })
    .parse(z.toJSONSchema(schema, { ...conversion, reused: "inline" }));
  return Object.entries(properties).map(([name, found]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: found,
  }));
}

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

// `input` is the side that clients see: what they send before parsing, and all they are sent.
const conversion = { io: "input", target: "draft-2020-12", unrepresentable: "any" } as const;

/** Every schema with an id, once, in order of name. */
function namedSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  const named = Object.values(schemas).flatMap((schema) => {
    const id = schema.meta()?.id;
    return id === undefined ? [] : [{ id, schema }];
  });
  for (const { id, schema } of named) registry.add(schema, { id });
  const { schemas: converted } = z.toJSONSchema(registry, {
    ...conversion,
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(converted)
      .map(([name, { $schema: _schema, $id: _id, ...rest }]) => [name, rest] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
