// Hashing has threads and a queue of its own: it never holds up anything else, and never piles up.
import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "@jest/globals";
import { openPasswordPool, type PasswordPool } from "../../src/passwords/pool.js";
import work from "../../src/passwords/worker.js";

// What `npm test` built: a thread does not know the compiler of the tests.
const worker = new URL("../../dist/passwords/worker.js", import.meta.url);

describe("the threads for passwords", () => {
  let pool: PasswordPool | undefined;
  const open = (queueMax: number) => (pool = openPasswordPool({ worker, threads: 1, queueMax }));
  afterEach(() => pool?.close());

  it("hash_and_check", async () => {
    const passwords = open(4);
    const stored = await passwords.hash("correct horse");
    expect(stored).toMatch(/^\$argon2id\$/);
    expect(await passwords.check("correct horse", stored)).toEqual({
      matches: true,
      outdated: false,
    });
    expect(await passwords.check("correct horse", undefined)).toMatchObject({ matches: false });
  });

  it("refuse_what_does_not_fit_in_the_queue_and_do_the_rest", async () => {
    const passwords = open(3);
    const flood = Array.from({ length: 12 }, () => passwords.hash("correct horse"));
    expect(passwords.waiting).toBeLessThanOrEqual(3);
    const ends = await Promise.allSettled(flood);
    const done = ends.filter(({ status }) => status === "fulfilled");
    expect(done.length).toBeGreaterThanOrEqual(3);
    expect(done.length).toBeLessThanOrEqual(4);
    const refused = ends.flatMap((end) =>
      end.status === "rejected" ? [end.reason as unknown] : [],
    );
    for (const reason of refused)
      expect(reason).toMatchObject({ kind: "unavailable", code: "busy" });
    expect(await passwords.hash("afterwards")).toMatch(/^\$argon2id\$/);
  });

  it("leave_the_pool_of_libuv_and_the_event_loop_free", async () => {
    const passwords = open(64);
    let hashed = 0;
    const flood = Array.from({ length: 40 }, async () => {
      await passwords.hash("x");
      hashed += 1;
    });
    const ended = Promise.allSettled(flood);
    // Both would come last if they stood in the same queue.
    await promisify(pbkdf2)("x", "y", 1, 8, "sha256");
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    expect(hashed).toBeLessThan(40);
    // The rest need not be waited for: threads that yield take long on a busy machine.
    await passwords.close();
    await ended;
  });
});

describe("the work of such a thread", () => {
  it("is_hashing_or_checking", async () => {
    const stored = (await work({ kind: "hash", password: "correct horse" })) as string;
    const task = { kind: "check", password: "correct horse", stored } as const;
    expect(await work(task)).toEqual({ matches: true, outdated: false });
  });
});
