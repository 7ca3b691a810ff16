// The one way to the log: JSON lines on stdout, the same field names as the ML service.
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";
import type { Settings } from "./settings.js";

export type Log = Logger;

const secrets = ["password", "password_hash", "token", "authorization", "cookie", "set-cookie"];

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
    redact: { paths: redactedPaths(), censor: "[redacted]" },
  };
  // Written at once: a line that waits in a buffer is lost when the process is killed.
  return destination === undefined ? pino(options) : pino(options, destination);
}

function isoTimestamp(): string {
  return stdTimeFunctions.isoTime().replace('"time"', '"timestamp"');
}

/** Pino's wildcard reaches one level only, so every depth in use is named. */
function redactedPaths(): string[] {
  return secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
}
