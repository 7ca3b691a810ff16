// What the domain says instead of yes. A refusal is an answer, not a fault: `http/` turns it
// into a response, and nothing else may be thrown on purpose.

export type RefusalKind =
  "invalid" | "unauthenticated" | "not_found" | "conflict" | "too_many" | "unavailable";

export interface RefusalDetail {
  readonly path: string;
  readonly message: string;
}

export interface RefusalOptions extends ErrorOptions {
  /** When to ask again. */
  readonly retrySeconds?: number;
}

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly retrySeconds: number | undefined;

  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    message: string,
    readonly details: readonly RefusalDetail[] = [],
    options?: RefusalOptions,
  ) {
    super(message, options);
    this.retrySeconds = options?.retrySeconds;
  }
}

/** Says that something the service leans on did not answer; the cause is for the log only. */
export function unavailable(what: string, cause: unknown): Refusal {
  const message = `cannot reach the ${what} now: try again shortly`;
  return new Refusal("unavailable", "unavailable", message, [], { cause });
}

/** Says that somebody has their share for now. */
export function tooMany(message: string, when: { readonly retrySeconds: number }): Refusal {
  const { retrySeconds } = when;
  return new Refusal("too_many", "too_many_requests", message, [], { retrySeconds });
}
