// Kept passwords say how they were made, match only themselves, and tell nothing else.
import { describe, expect, it } from "@jest/globals";
import { checkPassword, decoy, hashPassword } from "../../src/passwords/phc.js";

const good = { matches: true, outdated: false };
const old = { matches: true, outdated: true };
const wrong = { matches: false, outdated: false };

describe("a stored password", () => {
  it("names_its_form_its_cost_and_its_salt", async () => {
    const stored = await hashPassword("correct horse");
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  });

  it("matches_the_password_it_was_made_from_and_no_other", async () => {
    const stored = await hashPassword("correct horse");
    expect(await checkPassword("correct horse", stored)).toEqual(good);
    expect(await checkPassword("correct horsf", stored)).toEqual(wrong);
  });

  it("differs_every_time", async () => {
    expect(await hashPassword("same")).not.toBe(await hashPassword("same"));
  });

  it("is_the_same_for_both_spellings_of_an_accented_letter", async () => {
    const stored = await hashPassword("caf\u00e9 au lait");
    expect(await checkPassword("cafe\u0301 au lait", stored)).toEqual(good);
  });

  it("made_by_another_program_matches_and_is_outdated_at_a_lower_cost", async () => {
    // From the tests of the reference implementation of Argon2.
    const stored =
      "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    expect(await checkPassword("password", stored)).toEqual(old);
    expect(await checkPassword("passwort", stored)).toEqual({ ...old, matches: false });
  });

  it("in_the_old_form_matches_and_is_outdated", async () => {
    // Made with n=1024, r=8, p=1 by Python's hashlib.scrypt.
    const stored =
      "scrypt$1024$8$1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF-uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M";
    expect(await checkPassword("correct horse", stored)).toEqual(old);
    expect(await checkPassword("correct horsf", stored)).toEqual({ ...old, matches: false });
  });

  it("cannot_be_read_in_an_unknown_form", async () => {
    await expect(checkPassword("x", "md5$x")).rejects.toThrow("failed to read a stored password");
  });

  it("that_nobody_has_has_the_cost_of_a_real_one_and_matches_nothing", async () => {
    const costOf = (stored: string) => stored.split("$").slice(0, 4);
    const real = await hashPassword("correct horse");
    expect(costOf(decoy)).toEqual(costOf(real));
    expect(decoy.length).toBe(real.length);
    expect(await checkPassword("correct horse", undefined)).toEqual(wrong);
  });
});
