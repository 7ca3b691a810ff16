// Endpoints for accounts.
import { account, logIn, register, type User } from "../domain/users.js";
import { endpoint, type Services } from "./endpoint.js";
import * as schemas from "./schemas.js";
import { tokenLifetimeSeconds } from "./tokens.js";

export const userEndpoints = [
  endpoint({
    method: "post",
    path: "/api/auth/register",
    operation: "register",
    summary: "Open an account; the answer is the same when the email already has one",
    access: "public",
    limit: "auth",
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
    summary: "Get a token for an account",
    access: "public",
    limit: "auth",
    status: 200,
    refusals: [400, 401, 429, 503],
    body: schemas.login,
    answer: schemas.session,
    handle: async ({ body }, services) => sessionFor(await logIn(services, body), services),
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
    handle: async ({ userId }, { users }) => userAnswer(await account(users, userId)),
  }),
];

function sessionFor(user: User, { tokens }: Services) {
  return {
    user: userAnswer(user),
    token: tokens.sign(user.id),
    token_type: "Bearer" as const,
    expires_in: tokenLifetimeSeconds,
  };
}

function userAnswer(user: User) {
  return { id: user.id, email: user.email, created_at: user.createdAt.toISOString() };
}
