// Two keys: one signs, the one before it is still good, and a token says which one made it.
import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import jwt from "jsonwebtoken";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { accessSeconds } from "../../src/domain/sessions.js";
import { createTokens, keyId } from "../../src/http/tokens.js";

const [old, current, strange] = ["the old key", "the current key", "a strange key"];
const id = "5eed0000-0000-4000-8000-000000000000";
const now = () => new Date();
const tokensOf = (current: string, previous?: string) => createTokens({ current, previous }, now);
const made = (key: string, keyid?: string) =>
  jwt.sign({ sub: id, iss: "nutri-backend", aud: "nutri-backend" }, key, {
    expiresIn: 60,
    ...(keyid !== undefined && { keyid }),
  });

describe("a key", () => {
  it("is_named_by_the_first_eight_digits_of_its_digest", () => {
    expect(keyId(old)).toBe(createHash("sha256").update(old).digest("hex").slice(0, 8));
    const token = tokensOf(current, old).sign({ userId: id, sessionId: undefined });
    expect(jwt.decode(token, { complete: true })?.header.kid).toBe(keyId(current));
    expect(jwt.verify(token, current)).toMatchObject({ sub: id });
  });

  // `deploy.toml` says for how long a replaced key is accepted, by this.
  it("signs_access_tokens_and_nothing_else", () => {
    const token = tokensOf(current).sign({ userId: id, sessionId: undefined });
    const { exp, iat } = jwt.verify(token, current) as jwt.JwtPayload;
    expect(Number(exp) - Number(iat)).toBe(accessSeconds);
    const source = fileURLToPath(new URL("../../src/", import.meta.url));
    const signers = readdirSync(source, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) => readFileSync(source + path, "utf8").match(/jwt\.sign\(/g) ?? []);
    expect(signers).toHaveLength(1);
  });

  it("that_was_replaced_still_verifies_and_one_that_was_dropped_does_not", () => {
    const token = tokensOf(old).sign({ userId: id, sessionId: undefined });
    expect(tokensOf(current, old).verify(token)).toEqual({ userId: id, sessionId: undefined });
    expect(() => tokensOf(current).verify(token)).toThrow("valid bearer token");
  });

  it.each([
    ["no_name", undefined],
    ["a_name_that_nobody_knows", "ffffffff"],
  ])("is_found_for_a_token_with_%s", (_what, kid) => {
    const tokens = tokensOf(current, old);
    expect(tokens.verify(made(current, kid))).toEqual({ userId: id, sessionId: undefined });
    expect(tokens.verify(made(old, kid))).toEqual({ userId: id, sessionId: undefined });
    expect(() => tokens.verify(made(strange, kid))).toThrow("valid bearer token");
  });

  it("is_the_only_one_for_a_token_that_names_it", () => {
    const tokens = tokensOf(current, old);
    expect(() => tokens.verify(made(old, keyId(current)))).toThrow("valid bearer token");
  });

  it("is_never_the_wrong_kind", () => {
    const unsigned = jwt.sign({ sub: id }, "", { algorithm: "none" });
    const other = jwt.sign({ sub: id }, current, { algorithm: "HS512" });
    for (const token of [unsigned, other, "", "a.b.c", "e30.e30.e30"])
      expect(() => tokensOf(current).verify(token)).toThrow("valid bearer token");
  });
});
