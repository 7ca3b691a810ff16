// For whom a query is asked. The role that the service logs in as sees one user's rows at a time
// (the policies in prisma/migrations), and each transaction says whose. A query outside `as` sees
// nobody's: forgetting it shows at once, and forgetting a WHERE shows nothing of others.
import type { Prisma, PrismaClient } from "../generated/prisma/client.js";

/** The user who asks; or the mailbox that somebody registers or logs in with. */
export type Caller = { readonly userId: string } | { readonly email: string };

/** Runs one query for `caller`, in a transaction of its own: local to it is what a pooler that
 * hands connections from transaction to transaction cannot leave to the next.
 *
 * Not as a batch: Prisma compiles a batch that begins with SQL anew each time, a query alone once. */
export function as<Answer>(
  client: PrismaClient,
  caller: Caller,
  query: (client: Prisma.TransactionClient) => Promise<Answer>,
): Promise<Answer> {
  const [setting, value] =
    "userId" in caller ? ["nutri.user_id", caller.userId] : ["nutri.email", caller.email];
  return client.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT set_config(${setting}, ${value}, true)`;
    return query(transaction);
  });
}
