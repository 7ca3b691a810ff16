// Who has a turn of something of which everybody has so many at once.

interface Line {
  underWay: number;
  /** In the order in which they came. */
  readonly waiting: Set<() => void>;
}

/** So many turns at once for each name; who does not have one waits for those before. */
export class Turns {
  readonly #lines = new Map<string, Line>();

  constructor(private readonly atOnceMax: number) {}

  /** How many wait for their turn. */
  waiting(name: string): number {
    return this.#lines.get(name)?.waiting.size ?? 0;
  }

  /** Gives what ends the turn, or nothing where the signal came first. */
  async take(name: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    const line = this.#lines.get(name) ?? { underWay: 0, waiting: new Set() };
    this.#lines.set(name, line);
    if (line.underWay < this.atOnceMax) line.underWay += 1;
    else if (!(await calledIn(line, signal))) return undefined;
    return () => {
      this.#next(name, line);
    };
  }

  /** Hands the turn to who waits for longest, so that nobody who comes now can take it. */
  #next(name: string, line: Line): void {
    const [call] = line.waiting;
    if (call !== undefined) call();
    else if ((line.underWay -= 1) === 0) this.#lines.delete(name);
  }
}

/** Waits to be called; false where the signal came first. */
function calledIn({ waiting }: Line, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const call = () => {
      end(true);
    };
    const leave = () => {
      end(false);
    };
    const end = (called: boolean) => {
      waiting.delete(call);
      signal.removeEventListener("abort", leave);
      resolve(called);
    };
    waiting.add(call);
    signal.addEventListener("abort", leave, { once: true });
  });
}
