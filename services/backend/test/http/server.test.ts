// Stopping a server: idle connections end, requests under way do not, nobody new gets in.
import { connect, type Socket } from "node:net";
import type { RequestListener, ServerResponse } from "node:http";
import { describe, expect, it } from "@jest/globals";
import { Drain } from "../../src/http/drain.js";
import { startServer, type RunningServer } from "../../src/http/server.js";
import { until } from "../world/process.js";

const address = { host: "127.0.0.1", port: 0 };
const ask = (path: string) => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`;

class Client {
  said = "";
  closed = false;
  readonly #socket: Socket;

  constructor({ port }: RunningServer) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (bytes) => (this.said += bytes.toString()));
    this.#socket.on("close", () => (this.closed = true));
    this.#socket.on("error", () => undefined);
  }

  async asks(path: string, said: string): Promise<void> {
    this.#socket.write(ask(path));
    await until(`the answer ${said}`, () => Promise.resolve(this.said.includes(said)));
  }

  send(path: string): void {
    this.#socket.write(ask(path));
  }
}

/** Answers at once, but keeps `/slow` waiting until the test lets it go. */
function listener(): { listen: RequestListener; waiting: ServerResponse[] } {
  const waiting: ServerResponse[] = [];
  const listen: RequestListener = (request, response) => {
    if (request.url === "/slow") waiting.push(response);
    else response.end("quick");
  };
  return { listen, waiting };
}

describe("a server that stops", () => {
  it("ends_idle_connections_and_lets_requests_under_way_finish", async () => {
    const { listen, waiting } = listener();
    const drain = new Drain();
    const server = await startServer(listen, address, drain);
    const [idle, busy] = [new Client(server), new Client(server)];
    await idle.asks("/", "quick");
    busy.send("/slow");
    await until("the slow request is under way", () => Promise.resolve(waiting.length === 1));

    const stopped = server.stop(50);
    expect(drain.draining).toBe(true);
    await until("the idle connection ends", () => Promise.resolve(idle.closed));
    expect(busy.closed).toBe(false);

    waiting[0]?.end("slow");
    await stopped;
    await until("the busy connection ends", () => Promise.resolve(busy.closed));
    expect(busy.said).toMatch(/^HTTP\/1\.1 200 OK\r\nconnection: close\r\n[\s\S]*slow/);
  });

  it("goes_on_serving_for_the_time_of_the_drain", async () => {
    const server = await startServer(listener().listen, address, new Drain());
    const stopped = server.stop(300);
    await new Client(server).asks("/", "quick");
    await stopped;
    const late = new Client(server);
    await until("the late one is turned away", () => Promise.resolve(late.closed));
    expect(late.said).toBe("");
  });

  it("was_never_started_when_its_port_is_taken", async () => {
    const first = await startServer(listener().listen, address, new Drain());
    const second = startServer(listener().listen, { ...address, port: first.port }, new Drain());
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first.stop(0);
  });
});
