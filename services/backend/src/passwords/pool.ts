// Hashes in threads of their own: at most as many at once as the settings say, with a short queue,
// and a refusal when the queue is full. A flood of logins makes logins wait, and nothing else.
import { Piscina } from "piscina";
import type { Passwords, Verdict } from "../domain/passwords.js";
import { Refusal } from "../domain/refusal.js";
import type { Task } from "./worker.js";

export interface PasswordPool extends Passwords {
  /** How many wait for a thread. */
  readonly waiting: number;
  close(): Promise<void>;
}

export function openPasswordPool(options: {
  readonly worker: URL;
  readonly threads: number;
  readonly queueMax: number;
}): PasswordPool {
  const pool = new Piscina<Task, string | Verdict>({
    filename: options.worker.href,
    minThreads: options.threads,
    maxThreads: options.threads,
    maxQueue: options.queueMax,
  });
  function run(task: Task): Promise<string | Verdict> {
    if (pool.queueSize >= options.queueMax) return Promise.reject(busy());
    return pool.run(task);
  }
  return {
    hash: async (password) => (await run({ kind: "hash", password })) as string,
    check: async (password, stored) => (await run({ kind: "check", password, stored })) as Verdict,
    get waiting() {
      return pool.queueSize;
    },
    close: () => pool.destroy(),
  };
}

function busy(): Refusal {
  const message = "cannot look at a password now: too many are waiting; try again shortly";
  return new Refusal("unavailable", "busy", message);
}
