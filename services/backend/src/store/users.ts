// Users in Postgres.
import type { User, UserStore } from "../domain/users.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import { as } from "./caller.js";
import { isUniqueViolation, reach } from "./database-errors.js";

const publicFields = { id: true, email: true, createdAt: true } as const;

export function userStore(client: PrismaClient): UserStore {
  return {
    async add(email, passwordHash) {
      const data = { email, passwordHash };
      const added = as(client, { email }, ({ user }) =>
        user.create({ data, select: publicFields }),
      );
      return reach(added.catch(undefinedWhenTaken));
    },
    async findByEmail(email) {
      const row = await reach(
        as(client, { email }, ({ user }) => user.findUnique({ where: { email } })),
      );
      if (row === null) return undefined;
      const { passwordHash, ...user } = row;
      return { user, passwordHash };
    },
    async findById(id) {
      const found = as(client, { userId: id }, ({ user }) =>
        user.findUnique({ where: { id }, select: publicFields }),
      );
      return (await reach(found)) ?? undefined;
    },
    async replacePasswordHash(id, from, to) {
      const change = { where: { id, passwordHash: from }, data: { passwordHash: to } };
      const changed = as(client, { userId: id }, ({ user }) => user.updateMany(change));
      return (await reach(changed)).count > 0;
    },
  };
}

function undefinedWhenTaken(error: unknown): User | undefined {
  if (isUniqueViolation(error)) return undefined;
  throw error;
}
