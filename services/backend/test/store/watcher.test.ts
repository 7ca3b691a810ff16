// The connection that only asks: kept for a while, made anew, and never left behind.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { openWatcher, type Line } from "../../src/store/watcher.js";

class Server {
  readonly lines: { dropped: boolean; broken: () => void }[] = [];
  up = true;
  lets = true;

  connect(broken: () => void): Promise<Line> {
    if (!this.lets) return Promise.reject(new Error("not allowed to log in"));
    const line = { dropped: false, broken };
    this.lines.push(line);
    return Promise.resolve({
      ask: () => (this.up ? Promise.resolve() : Promise.reject(new Error("down"))),
      drop: () => {
        line.dropped = true;
      },
    });
  }

  get open(): number {
    return this.lines.filter(({ dropped }) => !dropped).length;
  }
}

describe("a watcher", () => {
  let server: Server;
  let nowMs: number;
  const watching = () =>
    openWatcher((broken) => server.connect(broken), { anewMs: 15_000, nowMs: () => nowMs });
  beforeEach(() => {
    server = new Server();
    nowMs = 0;
  });

  it("asks_over_one_connection_and_makes_it_anew_after_a_while", async () => {
    const watcher = watching();
    for (; nowMs < 60_000; nowMs += 1_000) await watcher.ping();
    expect(server.lines).toHaveLength(4);
    expect(server.open).toBe(1);
    watcher.close();
    await Promise.resolve();
    expect(server.open).toBe(0);
  });

  it("sees_a_login_that_was_revoked_and_one_that_is_given_back", async () => {
    const watcher = watching();
    await watcher.ping();
    server.lets = false;
    nowMs = 14_999;
    await watcher.ping();
    nowMs = 15_000;
    await expect(watcher.ping()).rejects.toThrow("not allowed");
    await expect(watcher.ping()).rejects.toThrow("not allowed");
    expect(server.open).toBe(0);
    server.lets = true;
    await watcher.ping();
  });

  it("connects_anew_after_a_failure", async () => {
    const watcher = watching();
    await watcher.ping();
    server.up = false;
    await expect(watcher.ping()).rejects.toThrow("down");
    expect(server.open).toBe(0);
    server.up = true;
    await watcher.ping();
    expect(server.lines).toHaveLength(2);
  });

  it("connects_anew_when_the_connection_broke_between_two_pings", async () => {
    const watcher = watching();
    await watcher.ping();
    server.lines[0]?.broken();
    await watcher.ping();
    expect(server.lines).toHaveLength(2);
    expect(server.open).toBe(1);
  });
});
