// Log lines have agreed fields, and secrets do not get into them.
import { describe, expect, it } from "@jest/globals";
import { createLog } from "../src/log.js";

function linesOf(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  write(createLog({ logLevel: "info", appVersion: "1.2.3" }, destination));
  return lines;
}

describe("a log line", () => {
  it("has_the_agreed_fields_and_no_others", () => {
    const [line] = linesOf((log) => {
      log.child({ request_id: "r-1" }).info("hello");
    });
    expect(line).toEqual({
      level: "info",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: "backend",
      version: "1.2.3",
      request_id: "r-1",
      message: "hello",
    });
  });

  it("is_not_written_below_the_level", () => {
    expect(
      linesOf((log) => {
        log.debug("quiet");
      }),
    ).toEqual([]);
  });

  it.each(["password", "token", "authorization", "cookie"])("hides_a_%s_at_every_depth", (name) => {
    const secret = { [name]: "hunter2" };
    const [line] = linesOf((log) => {
      log.info({ ...secret, user: secret, request: { headers: secret } }, "x");
    });
    expect(JSON.stringify(line)).not.toContain("hunter2");
    expect(line?.["request"]).toEqual({ headers: { [name]: "[redacted]" } });
  });

  it("tells_the_cause_of_an_error", () => {
    const [line] = linesOf((log) => {
      log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "x");
    });
    expect(line?.["error"]).toMatchObject({
      type: "Error",
      message: "outer",
      cause: { type: "Error", message: "inner" },
    });
  });
});
