// Users in Postgres.
import type { User, UserStore } from "../domain/users.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import { as } from "./caller.js";
import { isUniqueViolation, reach } from "./database-errors.js";

const publicFields = { id: true, email: true, createdAt: true } as const;

export function userStore(client: PrismaClient): UserStore {
  return {
    async add(email, passwordHash) {
      const row = client.user.create({ data: { email, passwordHash }, select: publicFields });
      return reach(as(client, { email }, row).catch(undefinedWhenTaken));
    },
    async findByEmail(email) {
      const found = client.user.findUnique({ where: { email } });
      const row = await reach(as(client, { email }, found));
      if (row === null) return undefined;
      const { passwordHash, ...user } = row;
      return { user, passwordHash };
    },
    async findById(id) {
      const found = client.user.findUnique({ where: { id }, select: publicFields });
      return (await reach(as(client, { userId: id }, found))) ?? undefined;
    },
    async replacePasswordHash(id, from, to) {
      const change = { where: { id, passwordHash: from }, data: { passwordHash: to } };
      const changed = client.user.updateMany(change);
      return (await reach(as(client, { userId: id }, changed))).count > 0;
    },
  };
}

function undefinedWhenTaken(error: unknown): User | undefined {
  if (isUniqueViolation(error)) return undefined;
  throw error;
}
