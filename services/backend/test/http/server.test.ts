// Stopping a server: idle connections end, requests under way do not, nobody new gets in. And
// nobody holds a connection by saying little, or two things at once.
import { connect, type Socket } from "node:net";
import type { RequestListener, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
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

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  say(bytes: string): void {
    this.#socket.write(bytes);
  }

  readNothing(): void {
    this.#socket.pause();
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

describe("requests that wait behind another one", () => {
  it("do_not_get_their_error_in_the_place_of_its_answer", async () => {
    const { listen, waiting } = listener();
    const server = await startServer(listen, address, new Drain());
    const client = new Client(server);
    client.say(`${ask("/slow")}GARBAGE\r\n\r\n`);
    await until("the slow request is under way", () => Promise.resolve(waiting.length === 1));
    await setTimeout(50);
    expect([client.said, client.closed]).toEqual(["", false]);
    waiting[0]?.end("slow");
    await until("the connection ends", () => Promise.resolve(client.closed));
    expect(client.said).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*slow$/);
    await server.stop(0);
  });

  it("are_not_carried_out_behind_an_answer_that_ends_the_connection", async () => {
    const { listen, waiting } = listener();
    const server = await startServer(listen, address, new Drain());
    const client = new Client(server);
    client.say(ask("/slow") + ask("/slow"));
    await until("the first one is under way", () => Promise.resolve(waiting.length === 1));
    const stopped = server.stop(0);
    waiting[0]?.end("slow");
    await until("the connection ends", () => Promise.resolve(client.closed));
    await stopped;
    expect(waiting).toHaveLength(1);
  });
});

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

describe("a client that does not come to the point", () => {
  const patience = { headMs: 100, requestMs: 200, checkMs: 20, unreadMs: 60_000 };
  const reading: RequestListener = (request, response) => {
    request.resume().on("end", () => response.end("quick"));
  };

  async function said(bytes: string): Promise<string> {
    const server = await startServer(reading, address, new Drain(), patience);
    const client = new Client(server);
    client.say(bytes);
    await until("the connection ends", () => Promise.resolve(client.closed));
    await server.stop(0);
    expect(client.said).toMatch(/\r\nconnection: close\r\n/);
    return client.said;
  }
  const problemIn = (answer: string) =>
    JSON.parse(answer.slice(answer.indexOf("{"))) as { error: Record<string, unknown> };

  it.each([
    ["head", "GET / HTTP/1.1\r\nhost: te"],
    ["body", "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf"],
    [
      "body_of_pieces",
      "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf",
    ],
  ])("is_cut_in_the_middle_of_a_%s", async (_what, bytes) => {
    const answer = await said(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(problemIn(answer)).toMatchObject({ error: { code: "too_slow", details: [] } });
  });

  it.each([
    ["says_two_lengths", "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    [
      "says_the_other_two_lengths",
      "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    ],
    ["says_a_length_twice", "content-length: 3\r\ncontent-length: 4\r\n\r\nabc"],
    ["says_no_length_that_is_known", "transfer-encoding: chunked, x\r\n\r\n0\r\n\r\n"],
    ["breaks_lines_as_it_likes", "x: y\nz: a\r\n\r\n"],
  ])("is_refused_when_it_%s", async (_what, rest) => {
    const answer = await said(`POST / HTTP/1.1\r\nhost: test\r\n${rest}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(problemIn(answer)).toMatchObject({
      error: { code: "invalid_request", request_id: expect.any(String) },
    });
  });

  it("is_answered_when_it_expects_what_nobody_knows", async () => {
    const server = await startServer(reading, address, new Drain());
    const client = new Client(server);
    client.say("GET / HTTP/1.1\r\nhost: test\r\nexpect: a miracle\r\n\r\n");
    await until("the answer", () => Promise.resolve(client.said.includes("quick")));
    await server.stop(0);
  });

  it("is_refused_when_it_says_too_much", async () => {
    const answer = await said(`GET / HTTP/1.1\r\nhost: test\r\nx: ${"y".repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("is_not_one_that_waits_between_two_requests", async () => {
    // Long enough for whoever does come to the point on a busy machine.
    const longer = { ...patience, headMs: 2_000, requestMs: 3_000 };
    const server = await startServer(reading, address, new Drain(), longer);
    const idle = new Client(server);
    await idle.asks("/", "quick");
    for (let round = 0; round < 3; round += 1) {
      // Whoever stops in the middle is cut, over and over; that is the clock of this test.
      const slow = new Client(server);
      slow.say("GET / HTTP/1.1\r\nhost: te");
      await until("the slow one is cut", () => Promise.resolve(slow.closed));
    }
    expect(idle.closed).toBe(false);
    idle.said = "";
    await idle.asks("/", "quick");
    await server.stop(0);
  });

  it("is_just_gone_when_it_hung_up", async () => {
    const server = await startServer(reading, address, new Drain());
    const client = new Client(server);
    client.say("GET / HTTP/1.1\r\n");
    client.reset();
    const other = new Client(server);
    await other.asks("/", "quick");
    await server.stop(0);
  });
});

describe("a client that asks before it was answered", () => {
  it("is_answered_one_request_after_the_other", async () => {
    const { listen, waiting } = listener();
    const server = await startServer(listen, address, new Drain());
    const client = new Client(server);
    client.say(ask("/slow").repeat(3));
    for (const turn of [1, 2, 3]) {
      await until(`request ${turn}`, () => Promise.resolve(waiting.length >= turn));
      // Another connection that was answered: what would come at once has come.
      await new Client(server).asks("/", "quick");
      expect(waiting).toHaveLength(turn);
      waiting[turn - 1]?.end(`answer ${turn}.`);
      await until("the answer", () => Promise.resolve(client.said.includes(`answer ${turn}.`)));
    }
    await server.stop(0);
  });

  it("is_cut_off_when_it_asks_for_too_much", async () => {
    let asked = 0;
    const { listen } = listener();
    const counted: RequestListener = (request, response) => {
      asked += 1;
      listen(request, response);
    };
    const server = await startServer(counted, address, new Drain());
    const client = new Client(server);
    client.say(ask("/slow").repeat(1400));
    await until("the connection ends", () => Promise.resolve(client.closed));
    await new Client(server).asks("/", "quick");
    expect(asked).toBe(2);
    await server.stop(0);
  });

  it("is_not_served_any_more_when_it_left", async () => {
    const { listen, waiting } = listener();
    const server = await startServer(listen, address, new Drain());
    const client = new Client(server);
    client.say(ask("/slow").repeat(3));
    await until("the first is under way", () => Promise.resolve(waiting.length > 0));
    client.reset();
    await until("the server knows", () => Promise.resolve(waiting[0]?.destroyed === true));
    await new Client(server).asks("/", "quick");
    expect(waiting).toHaveLength(1);
    await server.stop(0);
  });
});

describe("a client that does not read", () => {
  const much = Buffer.alloc(64 * 1024 * 1024);

  it("is_cut_off_and_one_that_waits_for_a_slow_answer_is_not", async () => {
    const waiting: ServerResponse[] = [];
    const listen: RequestListener = (request, response) => {
      waiting.push(response);
      if (request.url === "/much") response.end(much);
    };
    const patience = { headMs: 5_000, requestMs: 9_000, checkMs: 500, unreadMs: 100 };
    const server = await startServer(listen, address, new Drain(), patience);
    const slow = new Client(server);
    slow.send("/slow");
    await until("the slow one is under way", () => Promise.resolve(waiting.length === 1));
    const deaf = new Client(server);
    deaf.readNothing();
    deaf.send("/much");
    await until("it is cut off", () => Promise.resolve(waiting[1]?.destroyed === true));
    expect(deaf.said.length).toBeLessThan(much.length);
    waiting[0]?.end("slow");
    await until("the slow answer", () => Promise.resolve(slow.said.includes("slow")));
    await server.stop(0);
  });
});
