// Page positions as opaque text: clients hand them back and may not read meaning into them.
import { z } from "zod";
import type { PageRequest } from "../domain/page.js";
import { ShapeError } from "./endpoint.js";
import { text } from "./schemas.js";

const uuidLast = z.tuple([text, z.uuid()]);
// As we write them; and there was no year 0, as Postgres knows.
const time = z.iso.datetime({ precision: 3 }).regex(/^(?!0000)/);
const timeFirst = z.tuple([time, z.uuid()]);
const positions = { food: uuidLast, meal: timeFirst };

export function pageRequest(
  list: keyof typeof positions,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): PageRequest {
  if (query.cursor === undefined) return { limit: query.limit, after: undefined };
  const position = positions[list].safeParse(decode(query.cursor));
  if (position.success) return { limit: query.limit, after: position.data };
  const message = "must be a `next_cursor` from an earlier answer";
  throw new ShapeError("query", [{ path: ["cursor"], message }]);
}

export function cursorOf(position: readonly string[] | undefined): string | null {
  if (position === undefined) return null;
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
