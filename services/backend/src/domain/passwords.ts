// What the domain asks of whoever keeps passwords. Hashing is dear on purpose, so it is done
// elsewhere, a few at a time, and may be refused when too many wait.

export interface Passwords {
  /** What to keep of a password. */
  hash(password: string): Promise<string>;
  /** Undefined is checked like any other, for the same price, and matches nothing. */
  check(password: string, stored: string | undefined): Promise<Verdict>;
}

export interface Verdict {
  readonly matches: boolean;
  /** It was made in an older form or at a lower cost, and should be made anew. */
  readonly outdated: boolean;
}
