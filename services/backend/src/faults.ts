// Faults of ours, reported to Sentry: with the release, the request and the id of who asked, and
// without anything else that tells who they are. Without a DSN nothing is loaded and nothing sent.
import type { Event } from "@sentry/core";
import { scrub, scrubText } from "./scrub.js";
import type { Settings } from "./settings.js";

export interface FaultContext {
  readonly requestId?: string;
  readonly userId?: string | undefined;
  /** Method and path of the endpoint, without the ids in it. */
  readonly route?: string | undefined;
}

export interface Faults {
  report(error: unknown, context?: FaultContext): void;
  /** Waits until what was reported is out, but not for long. */
  flush(): Promise<void>;
}

export const noFaults: Faults = {
  report: () => undefined,
  flush: () => Promise.resolve(),
};

const flushMs = 2_000;
const sendMs = 5_000;

type Told = Pick<Settings, "sentryDsn" | "sentrySampleRate" | "sentryEnvironment" | "release">;

export async function openFaults(settings: Told): Promise<Faults> {
  const { sentryDsn: dsn } = settings;
  if (dsn === undefined) return noFaults;
  const [core, server] = await Promise.all([import("@sentry/core"), import("@sentry/core/server")]);
  const client = new server.ServerRuntimeClient({
    dsn,
    release: settings.release,
    environment: settings.sentryEnvironment,
    sampleRate: settings.sentrySampleRate,
    platform: "node",
    runtime: { name: "node", version: process.version },
    // Traces come with their sources: Node reads the maps beside the built files.
    stackParser: core.createStackParser(server.nodeStackLineParser()),
    // Not the one that drops repetitions: it takes the same bug of five users for one.
    integrations: [core.linkedErrorsIntegration()],
    beforeSend: withoutSecrets,
    transport: (options) => core.createTransport(options, (request) => send(options.url, request)),
  });
  client.init();
  return {
    report: (error, { requestId, userId, route } = {}) => {
      const scope = new core.Scope();
      if (requestId !== undefined) scope.setTag("request_id", requestId);
      if (route !== undefined) scope.setTag("route", route);
      if (userId !== undefined) scope.setUser({ id: userId });
      client.captureException(error, { originalException: error }, scope);
    },
    flush: async () => {
      await client.flush(flushMs);
    },
  };
}

async function send(url: string, { body }: { readonly body: string | Uint8Array }) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/x-sentry-envelope" },
    body,
    signal: AbortSignal.timeout(sendMs),
  });
  await response.text();
  return {
    statusCode: response.status,
    headers: {
      "retry-after": response.headers.get("retry-after"),
      "x-sentry-rate-limits": response.headers.get("x-sentry-rate-limits"),
    },
  };
}

/** Everything that words may hold is looked at; ids, times and names of files are ours. */
function withoutSecrets<Sent extends Event>(event: Sent): Sent {
  delete event.request;
  delete event.breadcrumbs;
  delete event.server_name;
  if (event.message !== undefined) event.message = scrubText(event.message);
  for (const exception of event.exception?.values ?? []) {
    if (exception.value !== undefined) exception.value = scrubText(exception.value);
    for (const frame of exception.stacktrace?.frames ?? []) delete frame.vars;
  }
  if (event.extra !== undefined) event.extra = scrub(event.extra) as typeof event.extra;
  if (event.contexts !== undefined) event.contexts = scrub(event.contexts) as typeof event.contexts;
  return event;
}
