// The listening side: starts to serve, and stops without losing a request.
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Drain } from "./drain.js";

// Longer than proxies keep an idle connection (nginx 60 s, Traefik 90 s, Caddy 2 min): whoever
// hangs up first must be the proxy, or it sends a request into a connection that just closed.
const keepAliveTimeoutMs = 130_000;
const headersTimeoutMs = 131_000;
const requestTimeoutMs = 30_000;

export interface RunningServer {
  readonly port: number;
  /** Says goodbye for `drainMs`, then accepts nothing more and waits for the rest to finish. */
  stop(drainMs: number): Promise<void>;
}

export async function startServer(
  listener: RequestListener,
  address: { readonly host: string; readonly port: number },
  drain: Drain,
): Promise<RunningServer> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, listener);
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  const open = openResponses(server);
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    stop: async (drainMs) => {
      drain.start();
      for (const response of open) closeAfter(response);
      await wait(drainMs);
      await close(server);
    },
  };
}

function openResponses(server: Server): ReadonlySet<ServerResponse> {
  const open = new Set<ServerResponse>();
  server.prependListener("request", (_request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
  });
  return open;
}

/** A request older than the drain keeps its connection open unless its response says otherwise. */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Ends idle connections at once, the others after their response. */
function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
