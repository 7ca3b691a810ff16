// People with an account: how one is opened, and how they show that it is theirs.
import { decoyPassword, hashPassword, passwordMatches } from "./passwords.js";
import { Refusal } from "./refusal.js";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export interface UserStore {
  /** Undefined when the email is already taken. */
  add(email: string, passwordHash: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<{ user: User; passwordHash: string } | undefined>;
  findById(id: string): Promise<User | undefined>;
}

export async function register(
  users: UserStore,
  credentials: Credentials,
  salt: Buffer,
): Promise<User> {
  const passwordHash = await hashPassword(credentials.password, salt);
  const user = await users.add(normalEmail(credentials.email), passwordHash);
  if (user === undefined) {
    throw new Refusal("conflict", "email_taken", "cannot register: this email is already taken");
  }
  return user;
}

/** An unknown email costs as much time as a wrong password, and reads the same. */
export async function logIn(users: UserStore, credentials: Credentials): Promise<User> {
  const found = await users.findByEmail(normalEmail(credentials.email));
  const stored = found?.passwordHash ?? decoyPassword();
  const matches = await passwordMatches(credentials.password, stored);
  if (found === undefined || !matches) {
    throw new Refusal(
      "unauthenticated",
      "wrong_credentials",
      "cannot log in: email or password is wrong",
    );
  }
  return found.user;
}

/** The account behind a token; it may have been closed since the token was made. */
export async function account(users: UserStore, id: string): Promise<User> {
  const user = await users.findById(id);
  if (user === undefined) {
    throw new Refusal(
      "unauthenticated",
      "unknown_user",
      "cannot continue: the account of this token is gone",
    );
  }
  return user;
}

export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}
