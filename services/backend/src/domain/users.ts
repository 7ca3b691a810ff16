// People with an account: how one is opened, and how they show that it is theirs.
import type { Passwords } from "./passwords.js";
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
  /** False when `from` is not what is stored any more: somebody else was faster. */
  replacePasswordHash(id: string, from: string, to: string): Promise<boolean>;
}

interface Ports {
  readonly users: UserStore;
  readonly passwords: Passwords;
}

/** Reads and costs the same whether the email was free or taken: strangers learn nothing. */
export async function register({ users, passwords }: Ports, given: Credentials): Promise<void> {
  const passwordHash = await passwords.hash(given.password);
  await users.add(normalEmail(given.email), passwordHash);
}

/** An unknown email costs as much time as a wrong password, and reads the same. */
export async function recognise(ports: Ports, given: Credentials): Promise<User> {
  const found = await ports.users.findByEmail(normalEmail(given.email));
  const verdict = await ports.passwords.check(given.password, found?.passwordHash);
  if (found === undefined || !verdict.matches) throw wrongCredentials();
  if (verdict.outdated) await renewHash(ports, found.user.id, given.password, found.passwordHash);
  return found.user;
}

/** The account behind a token; it may have been closed since the token was made. */
export async function account(users: UserStore, id: string): Promise<User> {
  const user = await users.findById(id);
  if (user === undefined) throw unauthenticated();
  return user;
}

export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** One answer for every token that opens nothing, whatever is wrong with it. */
export function unauthenticated(): Refusal {
  const message = "cannot continue: this needs a valid bearer token";
  return new Refusal("unauthenticated", "unauthenticated", message);
}

export function wrongCredentials(): Refusal {
  const message = "cannot log in: email or password is wrong";
  return new Refusal("unauthenticated", "wrong_credentials", message);
}

/** The login succeeded already; a new hash that cannot be had now is made next time. */
async function renewHash(ports: Ports, id: string, password: string, old: string): Promise<void> {
  try {
    await ports.users.replacePasswordHash(id, old, await ports.passwords.hash(password));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
