// Secrets do not leave the process, whatever they hide in.
import { describe, expect, it } from "@jest/globals";
import { createLog, type Log } from "../src/log.js";
import { scrub, scrubText } from "../src/scrub.js";

const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJ4In0", "c2lnbmF0dXJl"].join(".");
const refresh = [
  "5eed0000-0000-4000-8000-000000000000",
  "5eed0000-0000-4000-8000-000000000001",
  "YW55dGhpbmcgYXQgYWxsIHRoYXQgaXMgbG9uZw",
].join(".");
const hash = ["$argon2id$v=19$m=19456,t=2,p=1", "c29tZXNhbHQ", "a2V5"].join("$");
const secrets = {
  password: "hunter2-horse",
  token: jwt,
  refresh,
  hash,
  old: ["scrypt", "32768", "8", "3", "c2FsdA", "a2V5a2V5"].join("$"),
  email: "ada.lovelace+diary@nutri.example",
  cookie: "sid-0123456789",
};
const databaseUrl = `postgresql://nutri:${secrets.password}@db.internal:5432/nutri`;

function lineOf(write: (log: Log) => void): string {
  const lines: string[] = [];
  write(createLog({ logLevel: "trace", appVersion: "x" }, { write: (line) => lines.push(line) }));
  return lines.join("");
}

/** An error as drivers make them: with all they know as its fields. */
function driverError(): Error {
  const cause = Object.assign(new Error(`cannot connect to ${databaseUrl}`), {
    config: { connectionString: databaseUrl, password: secrets.password },
  });
  return Object.assign(new Error(`insert of (${secrets.email}) failed`, { cause }), {
    detail: `Key (email)=(${secrets.email}) already exists.`,
    parameters: [secrets.email, secrets.hash],
    request: { headers: { authorization: `Bearer ${jwt}`, cookie: `sid=${secrets.cookie}` } },
  });
}

describe("a log line", () => {
  it.each<[string, (log: Log) => void]>([
    [
      "a_body",
      (log) => {
        log.info({ body: { email: secrets.email, password: secrets.password } }, "m");
      },
    ],
    [
      "headers",
      (log) => {
        log.warn(
          { headers: { Authorization: `Bearer ${jwt}`, "Set-Cookie": `sid=${secrets.cookie}` } },
          "m",
        );
      },
    ],
    [
      "raw_headers",
      (log) => {
        log.info({
          raw: [
            "authorization",
            `Bearer ${jwt}`,
            "x",
            `Basic ${Buffer.from("a:hunter2-horse").toString("base64")}`,
          ],
        });
      },
    ],
    [
      "a_connection_string",
      (log) => {
        log.error({ url: databaseUrl }, databaseUrl);
      },
    ],
    [
      "a_parsed_url",
      (log) => {
        log.error({ url: new URL(databaseUrl) });
      },
    ],
    [
      "the_error_of_a_driver",
      (log) => {
        log.error({ error: driverError() }, "failed");
      },
    ],
    [
      "an_error_by_itself",
      (log) => {
        log.error(driverError());
      },
    ],
    [
      "an_error_under_another_name",
      (log) => {
        log.error({ outcome: { reason: driverError() } });
      },
    ],
    [
      "several_errors",
      (log) => {
        log.error({ error: new AggregateError([driverError()], "all failed") });
      },
    ],
    [
      "nesting",
      (log) => {
        log.info({
          a: { b: { c: { d: [{ refresh_token: refresh }, { password: secrets.password }] } } },
        });
      },
    ],
    [
      "collections",
      (log) => {
        log.info({ map: new Map([["password_hash", hash]]), set: new Set([jwt]) });
      },
    ],
    [
      "words",
      (log) => {
        log.info(`login of ${secrets.email} with password=${secrets.password} and ${refresh}`);
      },
    ],
    [
      "arguments_of_words",
      (log) => {
        log.info("login of %s with %s", secrets.email, secrets.old);
      },
    ],
    [
      "json_in_words",
      (log) => {
        log.info(JSON.stringify({ password: secrets.password, access_token: refresh }));
      },
    ],
    [
      "bytes",
      (log) => {
        log.info({ raw: Buffer.from(secrets.password) });
      },
    ],
  ])("lets_no_secret_out_by_%s", (_what, write) => {
    const line = lineOf(write);
    expect(JSON.parse(line)).toMatchObject({ service: "backend" });
    for (const secret of Object.values(secrets)) expect(line).not.toContain(secret);
    expect(line).not.toContain(secrets.password.slice(1));
  });

  it("says_of_an_error_what_it_is_where_it_is_from_and_why", () => {
    const line = JSON.parse(
      lineOf((log) => {
        log.error({ error: driverError() });
      }),
    ) as unknown;
    expect(line).toMatchObject({
      error: {
        type: "Error",
        message: "insert of ([email]) failed",
        stack: expect.stringContaining("scrub.test"),
        cause: { message: "cannot connect to postgresql://[redacted]@db.internal:5432/nutri" },
      },
    });
  });

  it("survives_what_turns_in_circles", () => {
    const circle: Record<string, unknown> = { name: "circle" };
    circle["self"] = circle;
    expect(
      lineOf((log) => {
        log.info(circle);
      }),
    ).toContain("[too deep]");
  });
});

describe("scrubbing", () => {
  it.each([
    ["/api/leak.me%40private.example", "/api/[email]"],
    ["/api/leak.me%2540private.example", "/api/[email]"],
    [`/api/${jwt.replaceAll(".", "%2E")}`, "/api/[redacted]"],
    ["/api/password%3Dhunter2", "/api/password=[redacted]"],
    ["/api/pass%77ord=hunter2", "/api/password=[redacted]"],
    ["pwd=hunter2", "pwd=[redacted]"],
    ["passphrase=hunter2", "passphrase=[redacted]"],
    ["from a@localhost", "from [email]"],
    ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":\\"[redacted]\\"}'],
    ["{ refresh_token: 'hunter2' }", "{ refresh_token: '[redacted]' }"],
    ["Cookie: sid=hunter2", "Cookie: [redacted]"],
    ["PASSWORD: hunter2", "PASSWORD: [redacted]"],
    ["x-api-key: hunter2", "x-api-key: [redacted]"],
    [`%${"25".repeat(20)}40`, "[encoded too often]"],
  ])("takes_what_hides_out_of_%j", (text, clean) => {
    expect(scrubText(text)).toBe(clean);
  });

  it("leaves_what_is_encoded_and_hides_nothing_as_it_is", () => {
    expect(scrubText("/api/cr%C3%A8me%20br%E9")).toBe("/api/cr%C3%A8me%20br%E9");
  });

  it.each([
    "request answered",
    "GET /api/foods?limit=5",
    "PORT: must be a whole number",
    "JWT_SECRET: must have at least 32 characters in production",
    "5eed0000-0000-4000-8000-000000000000",
    "https://api.nutri.example/api/foods?at=12@noon",
    "at file:///app/dist/http/app.js:10:5",
    "node_modules/@prisma/client/index.js",
    "select * from users where id = $1",
  ])("leaves_%j_as_it_is", (text) => {
    expect(scrubText(text)).toBe(text);
  });

  // Walked again from each character, they would take minutes.
  it.each([
    "a-",
    "a",
    "a.",
    "'",
    "eyJ-",
    "a://",
    "password ",
    "password=",
    "@a",
    "%25",
    "%2",
    "%",
    '"a":',
  ])(
    "takes_no_longer_for_a_text_of_%j_alone",
    (part) => {
      const startedMs = performance.now();
      scrubText(part.repeat(200_000 / part.length));
      expect(performance.now() - startedMs).toBeLessThan(20_000);
    },
    60_000,
  );

  it("keeps_values_that_are_no_secret", () => {
    const date = new Date(0);
    const value = { count: 1, big: 2n, none: null, missing: undefined, yes: true, date };
    expect(scrub(value)).toEqual({ ...value, big: "2", date: String(date) });
    expect(scrub({ password: undefined, token: null })).toEqual({
      password: undefined,
      token: null,
    });
  });
});
