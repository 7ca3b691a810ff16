// A proxy in front of any TCP server that behaves as bad networks do.
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./process.js";

export type Mood = "pass" | "reset" | "swallow";

export interface Proxy {
  readonly port: number;
  /** From now on: passes bytes on, resets every connection, or swallows all that is said. */
  turn(mood: Mood): void;
  stop(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  let mood: Mood = "pass";
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  /** What was swallowed is lost, so nothing that comes after it arrives either. */
  const pass = (from: Socket, to: Socket) => {
    let deaf = false;
    from.on("data", (bytes) => {
      deaf ||= mood === "swallow";
      if (!deaf) to.write(bytes);
    });
    from.on("close", () => !deaf && to.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (mood === "reset") {
      client.resetAndDestroy();
      return;
    }
    const target = keep(connect(targetPort, "127.0.0.1"));
    pass(client, target);
    pass(target, client);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    turn: (next) => {
      mood = next;
      if (next === "reset") for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
