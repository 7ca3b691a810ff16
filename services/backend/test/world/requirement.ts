// What a test needs of its machine. What is missing fails the test, unless XTASK_TESTS_WITHOUT
// names it; then the test is left out, and on record in the file that XTASK_TESTS_NOT_RUN names.
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { describe, expect } from "@jest/globals";

export type Requirement = "pgbouncer" | "postgres" | "redis-server";

type Describe = (title: string, body: () => void) => void;

/** `describe` for tests that need something, of which `found` says where it is. */
export function describeWith(name: Requirement, found: string | undefined): Describe {
  if (found !== undefined || !isExcused(name)) return describe;
  return (title, body) => {
    const file = relative(process.cwd(), expect.getState().testPath ?? "a test");
    putOnRecord({ test: `${file} › ${title}`, needs: name });
    describe.skip(title, body);
  };
}

/** The error of a test whose requirement is missing. */
export function missing(name: Requirement, instead: string): Error {
  return new Error(
    `\`${name}\` is missing, and this test needs it\n` +
      `  hint: install it, or set ${instead}, or set XTASK_TESTS_WITHOUT=${name}: ` +
      "the test is then on record as one that did not run",
  );
}

function isExcused(name: Requirement): boolean {
  const without = (process.env["XTASK_TESTS_WITHOUT"] ?? "").split(",");
  return without.some((word) => word.trim() === name);
}

function putOnRecord(notRun: { test: string; needs: string }): void {
  process.stderr.write(`NOT RUN: ${notRun.test}: \`${notRun.needs}\` is missing\n`);
  const record = process.env["XTASK_TESTS_NOT_RUN"];
  if (record !== undefined && record !== "") appendFileSync(record, `${JSON.stringify(notRun)}\n`);
}
