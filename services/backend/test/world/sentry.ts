// A small Sentry on loopback: takes envelopes and keeps the events in them.
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { freePort } from "./process.js";

export interface Frame {
  readonly filename?: string;
  readonly lineno?: number;
  readonly function?: string;
}

export interface SentryEvent {
  readonly release?: string;
  readonly environment?: string;
  readonly platform?: string;
  readonly user?: Record<string, unknown>;
  readonly tags?: Record<string, unknown>;
  readonly exception?: {
    readonly values: readonly {
      readonly type: string;
      readonly value: string;
      readonly stacktrace?: {
        readonly frames: readonly Frame[];
      };
    }[];
  };
}

export interface TestSentry {
  readonly dsn: string;
  readonly events: readonly SentryEvent[];
  /** Every byte that was said. */
  readonly said: () => string;
  stop(): Promise<void>;
}

export async function startSentry(): Promise<TestSentry> {
  const [events, texts]: [SentryEvent[], string[]] = [[], []];
  const server = createServer((request, response) => {
    void (async () => {
      const bytes = await buffer(request);
      const zipped = request.headers["content-encoding"] === "gzip";
      const text = (zipped ? gunzipSync(bytes) : bytes).toString();
      texts.push(`${request.url ?? ""}\n${text}`);
      if (request.url?.startsWith("/api/42/envelope/") === true) events.push(...eventsIn(text));
      response.setHeader("content-type", "application/json").end("{}");
    })();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    dsn: `http://public@127.0.0.1:${port}/42`,
    events,
    said: () => texts.join("\n"),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An envelope is lines of JSON: a header, then a header and a payload for each item. */
function eventsIn(envelope: string): SentryEvent[] {
  const lines = envelope.split("\n").slice(1);
  return lines.flatMap((line, at) => {
    if (at % 2 !== 0 || line === "") return [];
    const { type } = JSON.parse(line) as { type?: string };
    return type === "event" ? [JSON.parse(lines[at + 1] ?? "{}") as SentryEvent] : [];
  });
}
