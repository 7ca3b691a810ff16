// One request at a time on each connection. Node hands over every request of what it read at once:
// a packet holds more than a thousand, and their answers would wait in memory for those before.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface TurnLimits {
  /** How many requests may wait on one connection; browsers and proxies let none wait. */
  readonly waitingMax: number;
  /** For how long a client may read nothing of an answer. */
  readonly unreadMs: number;
}

type Turn = readonly [IncomingMessage, ServerResponse];

export function inTurn(listener: RequestListener, limits: TurnLimits): RequestListener {
  const lines = new WeakMap<Socket, Turn[]>();

  /** The turn at the head of the line is under way until its response is closed. */
  function begin(line: Turn[], socket: Socket): void {
    const [turn] = line;
    // A socket that was ended answers nobody any more: what still waits is carried out by nobody.
    if (turn === undefined || socket.destroyed || socket.writableEnded) return;
    const [request, response] = turn;
    socket.setTimeout(0);
    response.once("prefinish", () => socket.setTimeout(limits.unreadMs));
    response.once("close", () => {
      line.shift();
      begin(line, socket);
    });
    listener(request, response);
  }
  return (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    const line = lines.get(socket) ?? [];
    lines.set(socket, line);
    line.push([request, response]);
    if (line.length === 1) begin(line, socket);
    else if (line.length > limits.waitingMax + 1) socket.destroy();
  };
}
