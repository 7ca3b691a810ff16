// Accounts: one per email, and a login that does not tell strangers who has one.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { account, logIn, register, type UserStore } from "../../src/domain/users.js";
import { memoryStores } from "../world/memory.js";

const salt = Buffer.alloc(16, 7);
const password = "correct horse";

describe("users", () => {
  let users: UserStore;
  beforeEach(() => {
    users = memoryStores().users;
  });

  it("register_once_per_email_however_it_is_cased", async () => {
    const user = await register(users, { email: "Ada@Nutri.example", password }, salt);
    expect(user.email).toBe("ada@nutri.example");
    const again = register(users, { email: "ADA@nutri.example", password }, salt);
    await expect(again).rejects.toMatchObject({ kind: "conflict", code: "email_taken" });
  });

  it("log_in_with_the_right_password", async () => {
    const user = await register(users, { email: "ada@nutri.example", password }, salt);
    expect(await logIn(users, { email: " ADA@nutri.example", password })).toEqual(user);
  });

  it("are_refused_alike_whether_unknown_or_with_a_wrong_password", async () => {
    await register(users, { email: "ada@nutri.example", password }, salt);
    const refusalOf = (email: string) =>
      logIn(users, { email, password: "wrong horse" }).catch((error: unknown) => error);
    const wrong = await refusalOf("ada@nutri.example");
    const unknown = await refusalOf("bob@nutri.example");
    expect(wrong).toMatchObject({ kind: "unauthenticated", code: "wrong_credentials" });
    expect(unknown).toEqual(wrong);
  });

  it("cost_about_the_same_time_whether_unknown_or_with_a_wrong_password", async () => {
    await register(users, { email: "ada@nutri.example", password }, salt);
    const cpuOf = async (email: string) => {
      const before = process.cpuUsage();
      await logIn(users, { email, password: "wrong horse" }).catch(() => undefined);
      return process.cpuUsage(before).user;
    };
    // Processor time, not the clock: a busy machine must not fail this.
    const wrong = Math.min(await cpuOf("ada@nutri.example"), await cpuOf("ada@nutri.example"));
    const unknown = Math.min(await cpuOf("bob@nutri.example"), await cpuOf("bob@nutri.example"));
    expect(unknown / wrong).toBeGreaterThan(0.5);
    expect(unknown / wrong).toBeLessThan(2);
  });

  it("have_an_account_only_while_it_exists", async () => {
    const user = await register(users, { email: "ada@nutri.example", password }, salt);
    expect(await account(users, user.id)).toEqual(user);
    const gone = account(users, "00000000-0000-4000-8000-000000000000");
    await expect(gone).rejects.toMatchObject({ kind: "unauthenticated", code: "unknown_user" });
  });
});
