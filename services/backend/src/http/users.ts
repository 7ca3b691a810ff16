// Endpoints for accounts.
import {
  accessSeconds,
  changePassword,
  logIn,
  logOut,
  logOutEverywhere,
  refresh,
  refreshSeconds,
  type OpenSession,
} from "../domain/sessions.js";
import { register, type User } from "../domain/users.js";
import { endpoint, type Services } from "./endpoint.js";
import * as schemas from "./schemas.js";

export const userEndpoints = [
  endpoint({
    method: "post",
    path: "/api/auth/register",
    operation: "register",
    summary: "Open an account; the answer is the same when the email already has one",
    access: "public",
    limit: "registration",
    status: 202,
    refusals: [400, 429, 503],
    body: schemas.registration,
    answer: schemas.registered,
    handle: async ({ body }, services) => {
      await register(services, body);
      return { status: "accepted" as const };
    },
  }),
  endpoint({
    method: "post",
    path: "/api/auth/login",
    operation: "logIn",
    summary: "Open a session for an account",
    access: "public",
    limit: "login",
    status: 200,
    refusals: [400, 401, 429, 503],
    body: schemas.login,
    answer: schemas.session,
    handle: async ({ body }, services) => sessionAnswer(await logIn(services, body), services),
  }),
  endpoint({
    method: "post",
    path: "/api/auth/refresh",
    operation: "refreshSession",
    summary: "Exchange a refresh token, good once, for new tokens",
    access: "public",
    status: 200,
    refusals: [400, 401, 429, 503],
    body: schemas.refresh,
    answer: schemas.session,
    handle: async ({ body }, services) =>
      sessionAnswer(await refresh(services, body.refresh_token), services),
  }),
  endpoint({
    method: "post",
    path: "/api/auth/logout",
    operation: "logOut",
    summary: "End the session of this token",
    access: "user",
    status: 204,
    refusals: [401, 429, 503],
    handle: ({ caller }, { sessions }) => logOut(sessions, caller),
  }),
  endpoint({
    method: "post",
    path: "/api/auth/logout-everywhere",
    operation: "logOutEverywhere",
    summary: "End all sessions of this account",
    access: "user",
    status: 204,
    refusals: [401, 429, 503],
    handle: ({ caller }, { sessions }) => logOutEverywhere(sessions, caller),
  }),
  endpoint({
    method: "get",
    path: "/api/users/me",
    operation: "readAccount",
    summary: "Read the account of this token",
    access: "user",
    status: 200,
    refusals: [401, 429, 503],
    answer: schemas.user,
    handle: ({ caller }) => Promise.resolve(userAnswer(caller.user)),
  }),
  endpoint({
    method: "post",
    path: "/api/users/me/password",
    operation: "changePassword",
    summary: "Change the password; all sessions end, and a new one is opened",
    access: "user",
    limit: "login",
    status: 200,
    refusals: [400, 401, 429, 503],
    body: schemas.passwordChange,
    answer: schemas.session,
    handle: async ({ body, caller }, services) => {
      const given = { current: body.current_password, next: body.new_password };
      return sessionAnswer(await changePassword(services, caller, given), services);
    },
  }),
];

function sessionAnswer({ user, sessionId, refreshToken }: OpenSession, { tokens }: Services) {
  return {
    user: userAnswer(user),
    token: tokens.sign({ userId: user.id, sessionId }),
    token_type: "Bearer" as const,
    expires_in: accessSeconds,
    refresh_token: refreshToken ?? null,
    refresh_expires_in: refreshToken === undefined ? null : refreshSeconds,
  };
}

function userAnswer(user: User) {
  return { id: user.id, email: user.email, created_at: user.createdAt.toISOString() };
}
