// What could have been drawn at random passes; what people type instead is refused.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { weaknessOf } from "../src/strength.js";

const guessed = "can be guessed; draw one at random, for example with `openssl rand -hex 32`";

describe("a key", () => {
  it.each([
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "0000000000000000000000000000000000000000000000000000000000003039",
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz012345",
    "password password password password",
    "nutri-secret-nutri-secret-nutri-secret",
    "12341234123412341234123412341234",
    "for development only, on this machine",
    "this is my very secret jwt signing key",
    "JWT_SECRET_FOR_NUTRI_PRODUCTION_2026",
  ])("that_people_type_to_fill_the_field_is_refused: %s", (key) => {
    expect(weaknessOf(key)).toBe(guessed);
  });

  it("that_is_short_is_refused", () => {
    expect(weaknessOf("Zf3nVb1xQ9w7Rk5t")).toBe("must have at least 32 characters in production");
  });

  it.each(["hex", "base64", "base64url"] as const)("that_is_random_passes: %s", (form) => {
    for (const bytes of [24, 32, 48])
      for (let round = 0; round < 500; round += 1) {
        const key = randomBytes(bytes).toString(form);
        expect(weaknessOf(key)).toBeUndefined();
      }
  });
});
