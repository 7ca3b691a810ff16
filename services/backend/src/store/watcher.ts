// A connection that does nothing but ask how a server is. It is made anew now and then: that a login
// was revoked, or a password changed, is only seen by who logs in.

/** A connection that is open. */
export interface Line {
  ask(): Promise<unknown>;
  drop(): void;
}

export interface Watcher {
  ping(): Promise<void>;
  close(): void;
}

export interface WatcherOptions {
  /** After how long a connection is replaced, at the next ping. */
  readonly anewMs?: number;
  readonly nowMs?: () => number;
}

/** `connect` is handed what to call when a connection breaks that nobody asks over. */
export function openWatcher(
  connect: (broken: () => void) => Promise<Line>,
  { anewMs = 15_000, nowMs = () => performance.now() }: WatcherOptions = {},
): Watcher {
  let kept: { readonly line: Promise<Line>; readonly madeMs: number } | undefined;

  function drop(line: Promise<Line> | undefined): void {
    if (kept?.line === line) kept = undefined;
    void line?.then(
      (opened) => {
        opened.drop();
      },
      () => undefined,
    );
  }
  function open(): Promise<Line> {
    const line = connect(() => {
      drop(line);
    });
    kept = { line, madeMs: nowMs() };
    return line;
  }
  function current(): Promise<Line> {
    if (kept !== undefined && nowMs() - kept.madeMs >= anewMs) drop(kept.line);
    return kept?.line ?? open();
  }
  return {
    async ping() {
      const line = current();
      try {
        await (await line).ask();
      } catch (error) {
        drop(line);
        throw error;
      }
    },
    close: () => {
      drop(kept?.line);
    },
  };
}
