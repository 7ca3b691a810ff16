// Answers on PORT until it is told to end, and for DRAIN_SECONDS more.
import { createServer } from "node:http";

const { PORT, APP_VERSION = "none", DRAIN_SECONDS = "0" } = process.env;
let draining = false;

const answers = {
  "/": () => [200, { hello: "world" }],
  "/health/live": () => [200, { status: "healthy" }],
  "/health/ready": () => (draining ? [503, { status: "draining" }] : [200, { status: "healthy" }]),
  "/health": () => [200, { status: "healthy", version: APP_VERSION }],
};

const server = createServer((request, response) => {
  const path = (request.url ?? "/").split("?")[0];
  const [status, body] = answers[path]?.() ?? [404, { error: "not found" }];
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
});

process.on("SIGTERM", () => {
  draining = true;
  setTimeout(() => server.close(() => process.exit(0)), Number(DRAIN_SECONDS) * 1000);
});

server.listen(Number(PORT));
