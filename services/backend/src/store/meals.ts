// Meals in Postgres, each read together with its items and their foods.
import { dayOf, midnightOf } from "../domain/day.js";
import type { Meal, MealStore } from "../domain/meals.js";
import { cutPage } from "../domain/page.js";
import { Refusal } from "../domain/refusal.js";
import type { Prisma, PrismaClient } from "../generated/prisma/client.js";
import { as } from "./caller.js";
import { isForeignKeyViolation, isRowRefused, reach } from "./database-errors.js";
import { foodOf, refuseNobody } from "./foods.js";

const withItems = {
  items: { orderBy: { position: "asc" }, include: { food: true } },
} as const satisfies Prisma.MealInclude;

type MealRow = Prisma.MealGetPayload<{ include: typeof withItems }>;

export function mealStore(client: PrismaClient): MealStore {
  return {
    async add(userId, meal) {
      const items = meal.items.map(({ foodId, grams }, position) => ({ foodId, grams, position }));
      const row = {
        userId,
        eatenOn: midnightOf(meal.eatenOn),
        description: meal.description ?? null,
        items: { create: items },
      };
      const added = as(client, { userId }, (transaction) =>
        transaction.meal.create({ data: row, include: withItems }),
      );
      return mealOf(await reach(added.catch(refuseNobody).catch(refuseWhenGone)));
    },
    countOn(userId, day) {
      const where = { userId, eatenOn: midnightOf(day) };
      return reach(as(client, { userId }, ({ meal }) => meal.count({ where })));
    },
    async listOn(userId, day, page) {
      const wanted = {
        where: { AND: [{ userId, eatenOn: midnightOf(day) }, after(page.after)] },
        orderBy: [{ createdAt: "asc" }, { id: "asc" }],
        take: page.limit + 1,
        include: withItems,
      } satisfies Prisma.MealFindManyArgs;
      const rows = await reach(as(client, { userId }, ({ meal }) => meal.findMany(wanted)));
      return cutPage(rows.map(mealOf), page.limit, (meal) => [
        meal.createdAt.toISOString(),
        meal.id,
      ]);
    },
    async remove(userId, id) {
      const removed = as(client, { userId }, ({ meal }) =>
        meal.deleteMany({ where: { id, userId } }),
      );
      return (await reach(removed)).count > 0;
    },
  };
}

function mealOf(row: MealRow): Meal {
  return {
    id: row.id,
    eatenOn: dayOf(row.eatenOn),
    description: row.description ?? undefined,
    items: row.items.map((item) => ({ food: foodOf(item.food), grams: item.grams.toNumber() })),
    createdAt: row.createdAt,
  };
}

/** Everything was there when it was looked up. A food that is gone, or somebody else's, is one that
 * the policy of the items does not find. */
function refuseWhenGone(error: unknown): never {
  if (!isForeignKeyViolation(error) && !isRowRefused(error)) throw error;
  throw new Refusal("conflict", "gone", "cannot add a meal: a food of it is gone");
}

function after(position: readonly string[] | undefined): Prisma.MealWhereInput {
  const [createdAt, id] = position ?? [];
  if (createdAt === undefined || id === undefined) return {};
  return { OR: [{ createdAt: { gt: createdAt } }, { createdAt, id: { gt: id } }] };
}
