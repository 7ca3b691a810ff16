// Health for machines: is the process alive, may it get traffic, and how are its dependencies.
// Answers are never cached, never limited, and need no token.
import { Router, type Response } from "express";
import { createHealthChecks, overallStatus } from "../domain/health.js";
import type { Ports } from "./ports.js";

export function healthRouter(
  version: string,
  ports: Pick<Ports, "probes" | "drain" | "now" | "nowMs">,
): Router {
  const checks = createHealthChecks(ports.probes, ports.nowMs);
  const router = Router();

  router.get("/api/health/live", (_request, response) => {
    answer(response, 200, { status: "live", version });
  });

  router.get("/api/health/ready", async (_request, response) => {
    if (ports.drain.draining) {
      answer(response, 503, { status: "draining", version });
      return;
    }
    const database = await checks.check("database");
    const ready = database.status === "healthy";
    answer(response, ready ? 200 : 503, { status: ready ? "ready" : "unavailable", version });
  });

  router.get("/api/health", async (_request, response) => {
    const found = await checks.checkAll();
    const status = overallStatus(found);
    const timestamp = ports.now().toISOString();
    answer(response, status === "unhealthy" ? 503 : 200, {
      status,
      version,
      timestamp,
      checks: found,
    });
  });
  return router;
}

function answer(response: Response, status: number, body: object): void {
  response.status(status).set("cache-control", "no-store").json(body);
}
