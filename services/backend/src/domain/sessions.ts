// Logins that last: a refresh token, good once, is exchanged for an access token of minutes and
// the next refresh token. One that comes back a second time was copied, so its session ends; but
// for a moment, while the next one was not used, it may be that its answer was lost.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Passwords } from "./passwords.js";
import { Refusal } from "./refusal.js";
import {
  account,
  normalEmail,
  recognise,
  unauthenticated,
  wrongCredentials,
  type Credentials,
  type User,
  type UserStore,
} from "./users.js";

export interface SessionStore {
  /** Begins a session that goes on with the token of this digest. */
  open(userId: string, sessionId: string, digest: string): Promise<void>;
  /**
   * Replaces the digest; ends the session when `from` is not the present one. For some seconds it
   * may be the one before, if the present one was never used.
   */
  rotate(
    userId: string,
    sessionId: string,
    from: string,
    to: string,
  ): Promise<"rotated" | "unknown" | "reused">;
  end(userId: string, sessionId: string): Promise<void>;
  endAll(userId: string): Promise<void>;
  /** Whether a session was ended, for as long as access tokens of it may be around. */
  hasEnded(userId: string, sessionId: string): Promise<boolean>;
}

/** Who asks, as far as their token and the stores say. */
export interface Caller {
  readonly user: User;
  /** Undefined in tokens from before there were sessions. */
  readonly sessionId: string | undefined;
}

export interface OpenSession extends Caller {
  readonly refreshToken: string | undefined;
}

/** A user, a session and a secret, in one form only. */
const refreshForm = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.([\da-f-]{36})\.([\w-]{43})$/;

interface Ports {
  readonly users: UserStore;
  readonly sessions: SessionStore;
}

export const accessSeconds = 10 * 60;
/** Counted from the last use. */
export const refreshSeconds = 30 * 24 * 60 * 60;

/**
 * Without the store of sessions a login is good until its access token expires, or until it is ended
 * by its name once the store is back.
 */
export async function openSession(sessions: SessionStore, user: User): Promise<OpenSession> {
  const sessionId = randomUUID();
  const secret = newSecret();
  try {
    await sessions.open(user.id, sessionId, digestOf(secret));
    return { user, sessionId, refreshToken: refreshToken(user.id, sessionId, secret) };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { user, sessionId, refreshToken: undefined };
  }
}

/** Opens a session for who knows the password. */
export async function logIn(
  ports: Ports & { readonly passwords: Passwords },
  given: Credentials,
): Promise<OpenSession> {
  const { users, passwords, sessions } = ports;
  const hash = async () => (await users.findByEmail(normalEmail(given.email)))?.passwordHash;
  const before = await hash();
  const user = await recognise(ports, given);
  const session = await openSession(sessions, user);
  // A new password that came while this one was checked ended all sessions but the one just opened.
  const now = await hash();
  if (now === before || (await passwords.check(given.password, now)).matches) return session;
  await logOut(sessions, session);
  throw wrongCredentials();
}

export async function refresh({ users, sessions }: Ports, token: string): Promise<OpenSession> {
  const [, userId, sessionId, secret] = refreshForm.exec(token) ?? [];
  if (userId === undefined || sessionId === undefined || secret === undefined)
    throw unauthenticated();
  // Before anything is changed: whoever is refused while the database is away may come again.
  const user = await account(users, userId);
  const next = newSecret();
  const outcome = await sessions.rotate(userId, sessionId, digestOf(secret), digestOf(next));
  if (outcome !== "rotated") throw unauthenticated();
  return { user, sessionId, refreshToken: refreshToken(userId, sessionId, next) };
}

/** Refuses whoever logged out or has no account any more, though their token has not expired. */
export async function callerOf(
  { users, sessions }: Ports,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string | undefined },
): Promise<Caller> {
  const [user, ended] = await Promise.all([
    account(users, userId),
    sessionId !== undefined && hasEnded(sessions, userId, sessionId),
  ]);
  if (ended) throw unauthenticated();
  return { user, sessionId };
}

export async function logOut(sessions: SessionStore, { user, sessionId }: Caller): Promise<void> {
  if (sessionId !== undefined) await sessions.end(user.id, sessionId);
}

/** Their own is ended by its name as well: no store knows one that was opened while it was away. */
export async function logOutEverywhere(sessions: SessionStore, caller: Caller): Promise<void> {
  await sessions.endAll(caller.user.id);
  await logOut(sessions, caller);
}

/**
 * Of two changes at once one wins, and only that one ends sessions: the other would end those of
 * the winner. A new password that leaves a thief logged in would be a lie, so it is taken back where
 * sessions cannot be ended.
 */
export async function changePassword(
  ports: Ports & { readonly passwords: Passwords },
  caller: Caller,
  given: { readonly current: string; readonly next: string },
): Promise<OpenSession> {
  const { user } = caller;
  const found = await ports.users.findByEmail(user.email);
  if (found === undefined) throw unauthenticated();
  const { matches } = await ports.passwords.check(given.current, found.passwordHash);
  if (!matches) throw wrongPassword();
  const hash = await ports.passwords.hash(given.next);
  if (!(await ports.users.replacePasswordHash(user.id, found.passwordHash, hash)))
    throw wrongPassword();
  try {
    await logOutEverywhere(ports.sessions, caller);
  } catch (error) {
    await ports.users.replacePasswordHash(user.id, hash, found.passwordHash);
    throw error;
  }
  return openSession(ports.sessions, user);
}

/** When nobody can tell, the token's own short life is all there is to go by. */
async function hasEnded(sessions: SessionStore, userId: string, id: string): Promise<boolean> {
  try {
    return await sessions.hasEnded(userId, id);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return false;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Refusal && error.kind === "unavailable";
}

function wrongPassword(): Refusal {
  const details = [{ path: "current_password", message: "is not the password of this account" }];
  const message = "cannot change the password: the current one is wrong";
  return new Refusal("invalid", "wrong_password", message, details);
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** The store can be read without being able to log in as anybody. */
function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

function refreshToken(userId: string, sessionId: string, secret: string): string {
  return `${userId}.${sessionId}.${secret}`;
}
