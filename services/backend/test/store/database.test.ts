// The store on a real Postgres, and whether schema.prisma and the migrations agree.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Day } from "../../src/domain/day.js";
import { openDatabase, type Database } from "../../src/store/database.js";
import { columnsOf, foodOf, foodStore } from "../../src/store/foods.js";
import { mealStore } from "../../src/store/meals.js";
import { userStore } from "../../src/store/users.js";
import type { Stores } from "../world/memory.js";
import {
  describeWithDatabase,
  describeWithOwnDatabase,
  sql,
  startDatabase,
  startOwnDatabase,
  type TestDatabase,
} from "../world/postgres.js";
import { until } from "../world/process.js";
import { storeFacts } from "./facts.js";
import { declaredIn } from "./prisma-schema.js";

describeWithDatabase("stores in Postgres", () => {
  let server: TestDatabase;
  let database: Database;
  /** Passes the policies by, as who seeds does. */
  let owner: Database;
  let stores: Stores;

  beforeAll(async () => {
    server = await startDatabase();
    database = openDatabase({
      ...{ url: server.appUrl, connectionsMax: 10, onIdleError: () => undefined },
    });
    owner = openDatabase({ url: server.url, connectionsMax: 1, onIdleError: () => undefined });
    stores = storesOn(database, owner);
  });
  afterAll(async () => {
    await owner.close();
    await database.close();
    await server.stop();
  });

  storeFacts(() => stores);

  it("goes_through_every_model", async () => {
    const { client } = owner;
    const user = await client.user.create({
      data: { email: "every@nutri.example", passwordHash: "x" },
    });
    const per100g = columnsOf({
      kcal: 1.25,
      protein_g: 0,
      carbohydrate_g: 0,
      fat_g: 0,
      fibre_g: 0,
    });
    const food = await client.food.create({
      data: { ownerId: user.id, name: "Every", source: "test", ...per100g },
    });
    const meal = await client.meal.create({
      data: { userId: user.id, eatenOn: new Date("2026-01-02") },
    });
    await client.mealItem.create({
      data: { mealId: meal.id, position: 0, foodId: food.id, grams: 5.5 },
    });

    const found = await client.user.findUniqueOrThrow({
      where: { id: user.id },
      include: { foods: true, meals: { include: { items: { include: { food: true } } } } },
    });
    expect(found.foods).toEqual([food]);
    expect(found.meals[0]?.items[0]?.food).toEqual(food);
    expect(found.meals[0]?.items[0]?.grams.toNumber()).toBe(5.5);
    expect(food.kcal.toNumber()).toBe(1.25);
  });

  it("holds_exactly_the_columns_that_the_schema_declares", async () => {
    const declared = declaredIn(await readFile("prisma/schema.prisma", "utf8"));
    const { rows } = await sql(
      server.url,
      `SELECT table_name, column_name, udt_name, is_nullable = 'YES' AS nullable,
              CASE WHEN udt_name = 'numeric' THEN numeric_precision || ',' || numeric_scale
                   WHEN udt_name = 'timestamptz' THEN datetime_precision::text END AS size,
              column_default IS NOT NULL AS has_default
       FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
    );
    expect(rows).toEqual(declared.columns);
  });

  it("holds_exactly_the_indexes_and_keys_that_the_schema_declares", async () => {
    const declared = declaredIn(await readFile("prisma/schema.prisma", "utf8"));
    const { rows } = await sql(
      server.url,
      `SELECT t.relname AS table_name, i.relname AS name, x.indisunique AS is_unique,
              (SELECT string_agg(a.attname, ',' ORDER BY k.n)
                 FROM unnest(x.indkey::int[]) WITH ORDINALITY AS k(attnum, n)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS columns
       FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
       WHERE t.relnamespace = 'public'::regnamespace ORDER BY 1, 2`,
    );
    expect(rows).toEqual(declared.indexes);
  });

  it("holds_exactly_the_relations_that_the_schema_declares", async () => {
    const declared = declaredIn(await readFile("prisma/schema.prisma", "utf8"));
    const { rows } = await sql(
      server.url,
      `SELECT conrelid::regclass::text AS table_name, conname AS name,
              confrelid::regclass::text AS target,
              CASE confdeltype WHEN 'c' THEN 'Cascade' WHEN 'r' THEN 'Restrict' END AS on_delete
       FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    );
    expect(rows).toEqual(declared.relations);
  });

  it.each([
    [
      "an email that is not in lower case",
      `INSERT INTO users (email, password_hash) VALUES ('A@b.c', 'x')`,
    ],
    [
      "a food without a name",
      `INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g) VALUES (' ', 's', 0, 0, 0, 0, 0)`,
    ],
    [
      "a negative nutrient",
      `INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g) VALUES ('a', 's', -1, 0, 0, 0, 0)`,
    ],
  ])("refuses_%s", async (_what, statement) => {
    await expect(sql(server.url, statement)).rejects.toMatchObject({ code: "23514" });
  });

  it("refuses_what_belongs_to_a_user_who_is_gone", async () => {
    const gone = "00000000-0000-4000-8000-000000000000";
    const refusal = { kind: "unauthenticated", code: "unauthenticated" };
    const meal = { eatenOn: "2026-11-23" as Day, description: "x", items: [] };
    await expect(stores.meals.add(gone, meal)).rejects.toMatchObject(refusal);
    const per100g = { kcal: 1, protein_g: 0, carbohydrate_g: 0, fat_g: 0, fibre_g: 0 };
    const food = { name: "x", source: "user", per100g };
    await expect(stores.foods.add(gone, food)).rejects.toMatchObject(refusal);
  });

  it("refuses_a_meal_of_a_food_that_is_gone", async () => {
    const user = await stores.users.add("gone@nutri.example", "x");
    const items = [{ foodId: "00000000-0000-4000-8000-000000000000", grams: 1 }];
    const meal = { eatenOn: "2026-11-23" as Day, description: undefined, items };
    const refusal = { kind: "conflict", code: "gone" };
    await expect(stores.meals.add(user?.id ?? "", meal)).rejects.toMatchObject(refusal);
  });
});

describeWithOwnDatabase("a database that goes away", () => {
  it("turns_every_query_into_a_refusal_and_fails_the_ping", async () => {
    const server = await startOwnDatabase();
    const idleErrors: Error[] = [];
    const database = openDatabase({
      url: server.appUrl,
      connectionsMax: 10,
      onIdleError: (error) => idleErrors.push(error),
    });
    try {
      await database.ping();
      expect(await storesOn(database, database).users.findByEmail("a@b.c")).toBeUndefined();
      await server.outage();
      const refusal = { kind: "unavailable", code: "unavailable" };
      const { users, foods, meals } = storesOn(database, database);
      await expect(database.ping()).rejects.toThrow();
      await expect(users.findByEmail("a@b.c")).rejects.toMatchObject(refusal);
      await expect(
        foods.search("5eed0000-0000-4000-8000-000000000000", "", { limit: 1, after: undefined }),
      ).rejects.toMatchObject(refusal);
      await expect(
        meals.countOn("5eed0000-0000-4000-8000-000000000000", "2026-11-23" as Day),
      ).rejects.toMatchObject(refusal);
      expect(idleErrors.length).toBeGreaterThan(0);
    } finally {
      await database.close();
      await server.stop();
    }
  });
});

describeWithOwnDatabase("a login that is revoked", () => {
  it("is_seen_by_the_ping_though_its_connections_stay_open_and_none_is_left_behind", async () => {
    const server = await startOwnDatabase();
    const { username } = new URL(server.appUrl);
    const watcher = { anewMs: 0 };
    const options = {
      url: server.appUrl,
      connectionsMax: 1,
      onIdleError: () => undefined,
      watcher,
    };
    const database = openDatabase(options);
    const connections = async () => {
      const { rows } = await sql(
        server.url,
        "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = 'nutri-backend-health'",
      );
      return rows[0]?.["open"];
    };
    try {
      const answers = () => database.ping().then(() => true);
      for (let count = 0; count < 5; count++) await until("it answers", answers);
      await until("one connection is left", async () => (await connections()) === 1);
      await sql(server.url, `ALTER ROLE ${username} NOLOGIN`);
      await expect(database.ping()).rejects.toThrow("is not permitted to log in");
      await sql(server.url, `ALTER ROLE ${username} LOGIN`);
      await until("it answers again", answers);
    } finally {
      await database.close();
      await server.stop();
    }
  });
});

function storesOn({ client }: Database, owner: Database): Stores {
  return {
    users: userStore(client),
    foods: foodStore(client),
    meals: mealStore(client),
    addShared: async ({ name, source, per100g }) =>
      foodOf(await owner.client.food.create({ data: { name, source, ...columnsOf(per100g) } })),
  };
}
