// Foods in Postgres.
import type { Food, FoodStore } from "../domain/foods.js";
import { cutPage } from "../domain/page.js";
import { unauthenticated } from "../domain/users.js";
import type { Food as FoodRow, Prisma, PrismaClient } from "../generated/prisma/client.js";
import { as } from "./caller.js";
import { isOfNobody, reach } from "./database-errors.js";

export function foodStore(client: PrismaClient): FoodStore {
  return {
    async add(ownerId, food) {
      const data = { ownerId, name: food.name, source: food.source, ...columnsOf(food.per100g) };
      const made = as(client, { userId: ownerId }, ({ food: foods }) => foods.create({ data }));
      return foodOf(await reach(made.catch(refuseNobody)));
    },
    async search(userId, words, page) {
      const wanted = {
        where: { AND: [visibleTo(userId), named(words), after(page.after)] },
        orderBy: [{ name: "asc" }, { id: "asc" }],
        take: page.limit + 1,
      } satisfies Prisma.FoodFindManyArgs;
      const rows = await reach(as(client, { userId }, ({ food }) => food.findMany(wanted)));
      return cutPage(rows.map(foodOf), page.limit, (food) => [food.name, food.id]);
    },
    async findVisible(userId, ids) {
      const where = { AND: [visibleTo(userId), { id: { in: [...ids] } }] };
      const rows = await reach(as(client, { userId }, ({ food }) => food.findMany({ where })));
      return rows.map(foodOf);
    },
  };
}

/** Their account was there when the request came, and is gone now. */
export function refuseNobody(error: unknown): never {
  throw isOfNobody(error) ? unauthenticated() : error;
}

export function foodOf(row: FoodRow): Food {
  return {
    id: row.id,
    ownerId: row.ownerId ?? undefined,
    name: row.name,
    source: row.source,
    per100g: {
      kcal: row.kcal.toNumber(),
      protein_g: row.proteinG.toNumber(),
      carbohydrate_g: row.carbohydrateG.toNumber(),
      fat_g: row.fatG.toNumber(),
      fibre_g: row.fibreG.toNumber(),
    },
  };
}

export function columnsOf(per100g: Food["per100g"]) {
  return {
    kcal: per100g.kcal,
    proteinG: per100g.protein_g,
    carbohydrateG: per100g.carbohydrate_g,
    fatG: per100g.fat_g,
    fibreG: per100g.fibre_g,
  };
}

function visibleTo(userId: string): Prisma.FoodWhereInput {
  return { OR: [{ ownerId: null }, { ownerId: userId }] };
}

/** Prisma hands `%`, `_` and `\` through to LIKE as they are; a searcher means the letters. */
function named(words: string): Prisma.FoodWhereInput {
  if (words === "") return {};
  return { name: { contains: words.replace(/[\\%_]/g, "\\$&"), mode: "insensitive" } };
}

function after(position: readonly string[] | undefined): Prisma.FoodWhereInput {
  const [name, id] = position ?? [];
  if (name === undefined || id === undefined) return {};
  return { OR: [{ name: { gt: name } }, { name, id: { gt: id } }] };
}
