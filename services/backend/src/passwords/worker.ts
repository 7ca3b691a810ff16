// Runs in a thread of its own; `pool.ts` hands it one task at a time.
import { setPriority } from "node:os";
import { isMainThread } from "node:worker_threads";
import type { Verdict } from "../domain/passwords.js";
import { checkPassword, hashPassword } from "./phc.js";

export type Task =
  | { readonly kind: "hash"; readonly password: string }
  | { readonly kind: "check"; readonly password: string; readonly stored: string | undefined };

// On Linux a priority belongs to a thread: hashing yields to the thread that answers requests,
// which matters most where the container has one core.
const niceness = 10;

if (!isMainThread && process.platform === "linux") setPriority(niceness);

export default function work(task: Task): Promise<string | Verdict> {
  return task.kind === "hash"
    ? hashPassword(task.password)
    : checkPassword(task.password, task.stored);
}
