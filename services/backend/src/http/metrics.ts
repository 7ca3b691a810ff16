// Metrics over HTTP, on a port of their own: what may be asked there is nobody's business outside.
import type { RequestListener } from "node:http";
import type { Metrics } from "../metrics.js";

export function metricsListener({ registry }: Pick<Metrics, "registry">): RequestListener {
  return (request, response) => {
    if (request.url !== "/metrics" || request.method !== "GET") {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}
