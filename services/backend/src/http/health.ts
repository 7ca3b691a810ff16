// Health for machines: is the process alive, may it get traffic, and how are its dependencies.
// Answers never wait, are never cached, never limited, and need no token.
import { Router, type Response } from "express";
import { overallStatus } from "../domain/health.js";
import type { Settings } from "../settings.js";
import type { Ports } from "./ports.js";
import { exactPaths } from "./strictness.js";

export function healthRouter(
  settings: Pick<Settings, "appVersion" | "appCommit" | "release">,
  { health, drain, now }: Pick<Ports, "health" | "drain" | "now">,
): Router {
  const version = settings.appVersion;
  const router = Router(exactPaths);

  router.get("/api/health/live", (_request, response) => {
    answer(response, 200, { status: "live", version });
  });

  router.get("/api/health/ready", (_request, response) => {
    if (drain.draining) {
      answer(response, 503, { status: "draining", version });
      return;
    }
    const ready = health.checks().database.status === "healthy";
    answer(response, ready ? 200 : 503, { status: ready ? "ready" : "unavailable", version });
  });

  router.get("/api/health", (_request, response) => {
    const checks = health.checks();
    const status = overallStatus(checks);
    answer(response, status === "unhealthy" ? 503 : 200, {
      status,
      version,
      release: settings.release,
      ...(settings.appCommit !== undefined && { commit: settings.appCommit }),
      timestamp: now().toISOString(),
      checks,
    });
  });
  return router;
}

function answer(response: Response, status: number, body: object): void {
  response.status(status).set("cache-control", "no-store").json(body);
}
