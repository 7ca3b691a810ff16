// What the domain says instead of yes. A refusal is an answer, not a fault: `http/` turns it
// into a response, and nothing else may be thrown on purpose.

export type RefusalKind = "invalid" | "unauthenticated" | "not_found" | "conflict" | "unavailable";

export interface RefusalDetail {
  readonly path: string;
  readonly message: string;
}

export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    message: string,
    readonly details: readonly RefusalDetail[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Says that something the service leans on did not answer; the cause is for the log only. */
export function unavailable(what: string, cause: unknown): Refusal {
  const message = `cannot reach the ${what} now: try again shortly`;
  return new Refusal("unavailable", "unavailable", message, [], { cause });
}
