// Kept passwords say how they were made, match only themselves, and tell nothing else.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import {
  decoyPassword,
  hashPassword,
  passwordMatches,
  saltBytes,
} from "../../src/domain/passwords.js";

const salt = Buffer.from("0123456789abcdef");

describe("a stored password", () => {
  it("names_its_cost_and_salt", async () => {
    const stored = await hashPassword("correct horse", salt);
    expect(stored).toMatch(/^scrypt\$32768\$8\$3\$MDEyMzQ1Njc4OWFiY2RlZg\$[\w-]{43}$/);
  });

  it("matches_the_password_it_was_made_from_and_no_other", async () => {
    const stored = await hashPassword("correct horse", randomBytes(saltBytes));
    expect(await passwordMatches("correct horse", stored)).toBe(true);
    expect(await passwordMatches("correct horsf", stored)).toBe(false);
  });

  it("differs_under_another_salt", async () => {
    expect(await hashPassword("same", salt)).not.toBe(await hashPassword("same", randomBytes(16)));
  });

  it("is_the_same_for_both_spellings_of_an_accented_letter", async () => {
    const stored = await hashPassword("caf\u00e9 au lait", salt);
    expect(await passwordMatches("cafe\u0301 au lait", stored)).toBe(true);
  });

  it("still_matches_when_it_was_made_at_a_lower_cost", async () => {
    // Made with n=1024, r=8, p=1 by Python's hashlib.scrypt.
    const stored =
      "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF-uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M";
    expect(await passwordMatches("correct horse", stored)).toBe(true);
  });

  it("cannot_be_read_in_an_unknown_form", async () => {
    await expect(passwordMatches("x", "md5$x")).rejects.toThrow("failed to read a stored password");
  });

  it("can_be_a_decoy_that_nobody_matches", async () => {
    expect(await passwordMatches("", decoyPassword())).toBe(false);
  });
});
