import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startProgram } from "./process.js";

/** Jest once more, for the tests with Redis, on a machine that has no program at all. */
describe("on a machine without redis-server", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "nutri-requirement-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function runTestsOfRedis(record: string, without: string) {
    const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js"];
    const tests = ["test/store/redis.test.ts", "--testNamePattern", "with Redis|Redis freezes"];
    const program = startProgram(process.execPath, [...jest, ...tests], {
      env: {
        HOME: folder,
        NO_COLOR: "1",
        PATH: folder,
        TMPDIR: folder,
        XTASK_TESTS_NOT_RUN: record,
        XTASK_TESTS_WITHOUT: without,
      },
    });
    return { code: await program.ended, said: program.output() };
  }

  it("tests_that_need_it_fail_and_say_what_is_missing", async () => {
    const { code, said } = await runTestsOfRedis(join(folder, "none"), "postgres");
    expect(said).toContain("`redis-server` is missing, and this test needs it");
    expect(said).not.toMatch(/^Tests: .* passed/m);
    expect(code).toBe(1);
  });

  it("excused_tests_are_on_record", async () => {
    const record = join(folder, "record");
    const { code, said } = await runTestsOfRedis(record, "podman, redis-server");
    expect(said).toContain("NOT RUN: test/store/redis.test.ts › with Redis");
    expect(code).toBe(0);
    const lines = (await readFile(record, "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { test: "test/store/redis.test.ts › with Redis", needs: "redis-server" },
      { test: "test/store/redis.test.ts › when Redis freezes", needs: "redis-server" },
      {
        test: "test/store/redis.test.ts › when what is said to Redis is swallowed",
        needs: "redis-server",
      },
      {
        test: "test/store/redis.test.ts › when the password of Redis is changed",
        needs: "redis-server",
      },
    ]);
  });
});
