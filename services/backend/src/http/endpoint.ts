// One endpoint as a value: how it is reached, what goes in, what comes out, and the use case in
// between. The router and the OpenAPI document are both made from these, so they cannot differ.
import { z } from "zod";
import type { Caller } from "../domain/sessions.js";
import type { Deadline } from "./deadline.js";
import type { Ports } from "./ports.js";
import type { Tokens } from "./tokens.js";

export type Services = Ports & { readonly tokens: Tokens };
type Schema = z.ZodType;

/** The parts of a request that a client fills in, as they arrive. */
export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly requestId: string;
  readonly deadline: Deadline;
  readonly caller: Caller | undefined;
}

export interface Endpoint {
  readonly method: "get" | "post" | "delete";
  /** In Express's form, with `:name` for parameters. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly access: "public" | "user";
  readonly limit: "general" | "registration" | "login";
  readonly status: 200 | 201 | 202 | 204;
  readonly refusals: readonly number[];
  readonly schemas: {
    readonly params?: Schema;
    readonly query?: Schema;
    readonly body?: Schema;
    readonly answer?: Schema;
  };
  readonly run: (call: RawCall, services: Services) => Promise<unknown>;
}

interface Spec<
  Access extends Endpoint["access"],
  P extends Schema,
  Q extends Schema,
  B extends Schema,
  A extends Schema,
> extends Pick<Endpoint, "method" | "path" | "operation" | "summary" | "status" | "refusals"> {
  readonly access: Access;
  readonly limit?: Endpoint["limit"];
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer?: A;
  readonly handle: (
    call: {
      readonly params: z.output<P>;
      readonly query: z.output<Q>;
      readonly body: z.output<B>;
      readonly requestId: string;
      readonly deadline: Deadline;
      readonly caller: Access extends "user" ? Caller : undefined;
    },
    services: Services,
  ) => Promise<z.input<A>>;
}

export function endpoint<
  const Access extends Endpoint["access"],
  P extends Schema = z.ZodUndefined,
  Q extends Schema = z.ZodUndefined,
  B extends Schema = z.ZodUndefined,
  A extends Schema = z.ZodVoid,
>(spec: Spec<Access, P, Q, B, A>): Endpoint {
  const { params, query, body, answer } = spec;
  return {
    method: spec.method,
    path: spec.path,
    operation: spec.operation,
    summary: spec.summary,
    access: spec.access,
    limit: spec.limit ?? "general",
    status: spec.status,
    refusals: spec.refusals,
    schemas: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body }),
      ...(answer && { answer }),
    },
    run: async (raw, services) => {
      const call = {
        params: parse(params, raw.params, "params"),
        query: parse(query, raw.query, "query"),
        body: parse(body, raw.body, "body"),
        requestId: raw.requestId,
        deadline: raw.deadline,
        // The router lets nobody without an account reach an endpoint with access "user".
        caller: raw.caller as Access extends "user" ? Caller : undefined,
      };
      // Parsing what goes out drops every field that the schema does not name.
      return parse(answer, await spec.handle(call, services), "answer");
    },
  };
}

export type CallPart = "params" | "query" | "body" | "answer";

export interface ShapeIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What came in, or what we were about to send, does not have the agreed shape. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";

  constructor(
    readonly part: CallPart,
    readonly issues: readonly ShapeIssue[],
  ) {
    super(`the ${part} does not have the agreed shape`);
  }
}

function parse<S extends Schema>(
  schema: S | undefined,
  value: unknown,
  part: CallPart,
): z.output<S> {
  // Without a schema the type is `undefined`, whatever a client sent along.
  if (schema === undefined) return undefined as z.output<S>;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ShapeError(part, parsed.error.issues);
}
