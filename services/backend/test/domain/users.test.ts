// Accounts: one per email, and nothing that tells strangers who has one.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Refusal } from "../../src/domain/refusal.js";
import { account, recognise, register, type UserStore } from "../../src/domain/users.js";
import { quickPasswords } from "../world/app.js";
import { memoryStores } from "../world/memory.js";

const email = "ada@nutri.example";
const password = "correct horse";
const passwords = quickPasswords;

describe("users", () => {
  let users: UserStore;
  beforeEach(() => {
    users = memoryStores().users;
  });

  it("register_once_per_email_however_it_is_cased_and_the_first_password_counts", async () => {
    await register({ users, passwords }, { email: "Ada@Nutri.example", password });
    await register({ users, passwords }, { email: "ADA@nutri.example", password: "another one" });
    expect((await recognise({ users, passwords }, { email, password })).email).toBe(email);
    const other = recognise({ users, passwords }, { email, password: "another one" });
    await expect(other).rejects.toMatchObject({ code: "wrong_credentials" });
  });

  it("log_in_with_the_right_password", async () => {
    await register({ users, passwords }, { email, password });
    const user = await recognise({ users, passwords }, { email: " ADA@nutri.example", password });
    expect(await users.findById(user.id)).toEqual(user);
  });

  it("are_refused_alike_whether_unknown_or_with_a_wrong_password", async () => {
    await register({ users, passwords }, { email, password });
    const checked: (string | undefined)[] = [];
    const counting = {
      ...passwords,
      check: (given: string, stored: string | undefined) => {
        checked.push(stored);
        return passwords.check(given, stored);
      },
    };
    const refusalOf = (email: string) =>
      recognise({ users, passwords: counting }, { email, password: "wrong horse" }).catch(
        (error: unknown) => error,
      );
    const wrong = await refusalOf(email);
    const unknown = await refusalOf("bob@nutri.example");
    expect(wrong).toMatchObject({ kind: "unauthenticated", code: "wrong_credentials" });
    expect(unknown).toEqual(wrong);
    // The price is the same too: a password that is not there is checked like any other.
    expect(checked).toEqual([`as it is: ${password}`, undefined]);
  });

  it("have_an_account_only_while_it_exists", async () => {
    const user = await users.add(email, "hash");
    if (user === undefined) throw new Error("the email was taken");
    expect(await account(users, user.id)).toEqual(user);
    const gone = account(users, "00000000-0000-4000-8000-000000000000");
    await expect(gone).rejects.toMatchObject({ kind: "unauthenticated", code: "unauthenticated" });
  });
});

describe("a password that is kept in an old form", () => {
  const outdated = {
    hash: (given: string) => Promise.resolve(`new: ${given}`),
    check: (given: string, stored: string | undefined) =>
      Promise.resolve({
        matches: stored?.endsWith(`: ${given}`) ?? false,
        outdated: stored?.startsWith("old: ") ?? false,
      }),
  };
  const kept = async (users: UserStore) => (await users.findByEmail(email))?.passwordHash;

  it("is_kept_anew_at_a_login_and_at_no_failed_one", async () => {
    const { users } = memoryStores();
    await users.add(email, `old: ${password}`);
    const wrong = recognise({ users, passwords: outdated }, { email, password: "wrong horse" });
    await expect(wrong).rejects.toBeInstanceOf(Refusal);
    expect(await kept(users)).toBe(`old: ${password}`);
    await recognise({ users, passwords: outdated }, { email, password });
    expect(await kept(users)).toBe(`new: ${password}`);
    await recognise({ users, passwords: outdated }, { email, password });
  });

  it("lets_its_owner_in_though_no_new_one_can_be_made_now", async () => {
    const { users } = memoryStores();
    await users.add(email, `old: ${password}`);
    const busy = () => Promise.reject(new Refusal("unavailable", "busy", "later"));
    await recognise({ users, passwords: { ...outdated, hash: busy } }, { email, password });
    expect(await kept(users)).toBe(`old: ${password}`);
    const broken = () => Promise.reject(new Error("a bug"));
    const failed = recognise(
      { users, passwords: { ...outdated, hash: broken } },
      { email, password },
    );
    await expect(failed).rejects.toThrow("a bug");
  });
});
