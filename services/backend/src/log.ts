// The one way to the log: JSON lines on stdout, the same field names as the ML service.
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import { isError, scrub } from "./scrub.js";
import type { Settings } from "./settings.js";

export type Log = Logger;

export function createLog(
  settings: Pick<Settings, "logLevel" | "appVersion">,
  destination?: DestinationStream,
): Log {
  const options = {
    level: settings.logLevel,
    base: { service: "backend", version: settings.appVersion },
    messageKey: "message",
    errorKey: "error",
    timestamp: isoTimestamp,
    formatters: { level: (label: string) => ({ level: label }) },
    // It comes in its parts already.
    serializers: { error: (parts: unknown) => parts },
    hooks: {
      logMethod(args: unknown[], write: (...args: unknown[]) => void): void {
        write.apply(this, args.map(withoutSecrets));
      },
    },
  };
  // Written at once: a line that waits in a buffer is lost when the process is killed.
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** An error by itself goes where errors go; its parts would spread over the line. */
function withoutSecrets(given: unknown): unknown {
  return isError(given) ? { error: scrub(given) } : scrub(given);
}

function isoTimestamp(): string {
  return stdTimeFunctions.isoTime().replace('"time"', '"timestamp"');
}
