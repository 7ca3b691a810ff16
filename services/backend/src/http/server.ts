// The listening side: starts to serve, and stops without losing a request.
import { randomUUID } from "node:crypto";
import {
  createServer,
  STATUS_CODES,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Drain } from "./drain.js";
import { inTurn } from "./turns.js";

// Longer than proxies keep an idle connection (nginx 60 s, Traefik 90 s, Caddy 2 min): whoever
// hangs up first must be the proxy, or it sends a request into a connection that just closed.
const keepAliveTimeoutMs = 130_000;

/** How long a client may take to say what it wants. */
export interface Patience {
  readonly headMs: number;
  /** Head and body together; below the time that a request may take as a whole. */
  readonly requestMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
  /** For how long it may read nothing of an answer. */
  readonly unreadMs: number;
}

const usualPatience: Patience = {
  ...{ headMs: 5_000, requestMs: 9_000, checkMs: 500 },
  unreadMs: 30_000,
};

/** Who sends more before the first is answered is cut off. */
const waitingMax = 8;

export interface RunningServer {
  readonly port: number;
  /** Says goodbye for `drainMs`, then accepts nothing more and waits for the rest to finish. */
  stop(drainMs: number): Promise<void>;
}

export async function startServer(
  listener: RequestListener,
  address: { readonly host: string; readonly port: number },
  drain: Drain,
  patience = usualPatience,
): Promise<RunningServer> {
  const options = {
    headersTimeout: patience.headMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: patience.checkMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // The app refuses it in its own words.
    requireHostHeader: false,
  };
  const open = new Set<ServerResponse>();
  const serve: RequestListener = (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    listener(request, response);
  };
  const turns = { waitingMax, unreadMs: patience.unreadMs };
  const server = createServer(options, inTurn(serve, turns));
  server.on("clientError", refuse);
  // What somebody expects and nobody knows is no reason for an answer without a body.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
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

/** Said to whoever never got as far as a request: same body as everywhere, and goodbye. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: message } = socket as Duplex & { _httpMessage?: ServerResponse };
  // The one under way arrived whole, so this is of a later one: the first has its own answer.
  if (error.code !== "ECONNRESET" && socket.writable && message?.req.complete === true) {
    message.prependOnceListener("close", () => socket.end(() => socket.destroy()));
    return;
  }
  // A reset, or half an answer is out already.
  if (error.code === "ECONNRESET" || !socket.writable || message?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, reason] = refusals[error.code ?? ""] ?? malformed;
  const body = JSON.stringify({
    error: {
      code: status === 408 ? "too_slow" : "invalid_request",
      message: `cannot read the request: ${reason}`,
      request_id: randomUUID(),
      details: [],
    },
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "connection: close",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const malformed: readonly [number, string] = [400, "it is malformed"];
const refusals: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "it took too long to arrive"],
  HPE_HEADER_OVERFLOW: [431, "its headers are too large"],
};

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
