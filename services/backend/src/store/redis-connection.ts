// The connection to Redis that everything goes over. It is judged by what is answered: whatever TCP
// believes, and however much is written to it, one that answers nothing is replaced.
import { createClient } from "@redis/client";
import { NoAnswer, within } from "../domain/deadline.js";
import type { Line } from "./watcher.js";

export interface RedisLimits {
  /** For one answer. */
  readonly commandMs: number;
  /** For how long a connection may leave everything unanswered. */
  readonly silenceMs: number;
}

export interface Connection {
  /** Fails at once where there is no connection, and soon where there is no answer. */
  readonly ask: <Answer>(command: (client: Client) => Promise<Answer>) => Promise<Answer>;
  close(): Promise<void>;
}

export type Client = ReturnType<typeof clientForGood>;

const usualLimits: RedisLimits = { commandMs: 250, silenceMs: 12_000 };
const connectTimeoutMs = 2_000;
const pingIntervalMs = 5_000;
const watchMs = 1_000;
const closeMs = 1_000;
const reconnectDelayMsMax = 2_000;

export function openConnection(
  url: string,
  onError: (error: Error) => void,
  limits = usualLimits,
): Connection {
  const connect = () => ({
    client: clientForGood(url, limits.silenceMs, onError),
    silence: new Silence(),
  });
  let current = connect();

  function giveUp(silent: typeof current): void {
    if (silent !== current || !silent.client.isOpen) return;
    onError(new Error(`no answer for ${limits.silenceMs} ms: connecting anew`));
    current = connect();
    silent.client.destroy();
  }
  return {
    async ask(command) {
      const asked = current;
      try {
        // Whoever asks behind somebody who was not answered in time would wait for nothing, too.
        if (asked.silence.lastsMs() >= limits.commandMs) throw new NoAnswer(limits.commandMs);
        const answer = asked.silence.during(command(asked.client));
        // The client's own time-out ends with the writing of a command.
        return await within(limits.commandMs, () => answer);
      } finally {
        if (asked.silence.lastsMs() >= limits.silenceMs) giveUp(asked);
      }
    },
    close: () => close(current.client),
  };
}

function clientForGood(url: string, silenceMs: number, onError: (error: Error) => void) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: pingIntervalMs,
    socket: {
      connectTimeout: connectTimeoutMs,
      // For the greeting, which is written once; later each command starts this time anew.
      socketTimeout: silenceMs,
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** Math.min(retries, 10), reconnectDelayMsMax),
    },
  });
  client.on("error", onError);
  // A refused first connection is retried like any other; only the end of it ends this promise.
  client.connect().catch(onError);
  return client;
}

/** How long nothing was answered, although something was asked. */
class Silence {
  #open = 0;
  #sinceMs = 0;

  lastsMs(): number {
    return this.#open === 0 ? 0 : performance.now() - this.#sinceMs;
  }

  /** A refusal is an answer as well. */
  async during<Answer>(answer: Promise<Answer>): Promise<Answer> {
    if (this.#open === 0) this.#sinceMs = performance.now();
    this.#open += 1;
    try {
      return await answer;
    } finally {
      this.#open -= 1;
      this.#sinceMs = performance.now();
    }
  }
}

/** Says goodbye when there is somebody to say it to; otherwise stops trying. */
async function close(client: Client): Promise<void> {
  if (!client.isOpen) return;
  if (client.isReady) await within(closeMs, () => client.close()).catch(() => undefined);
  client.destroy();
}

/** A connection that only asks, and is over with its first fault. */
export async function connectToAsk(url: string, broken: () => void): Promise<Line> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: watchMs, reconnectStrategy: false },
  });
  client.on("error", broken);
  await within(watchMs, () => client.connect()).catch((error: unknown) => {
    client.destroy();
    throw error;
  });
  return {
    ask: () => within(watchMs, () => client.ping()),
    drop: () => {
      client.destroy();
    },
  };
}
