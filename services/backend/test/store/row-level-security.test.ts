// One user's rows are nobody else's, however a query is worded, for the role that the services have;
// also where a pooler hands each transaction another connection.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import pg from "pg";
import type { Day } from "../../src/domain/day.js";
import type { User } from "../../src/domain/users.js";
import { as } from "../../src/store/caller.js";
import { openDatabase, type Database } from "../../src/store/database.js";
import { foodStore } from "../../src/store/foods.js";
import { mealStore } from "../../src/store/meals.js";
import { userStore } from "../../src/store/users.js";
import { describeWithPooler, startPooler } from "../world/pgbouncer.js";
import { describeWithDatabase, sql, startDatabase, type TestDatabase } from "../world/postgres.js";

const day = "2026-11-27" as Day;
const per100g = { kcal: 1, protein_g: 0, carbohydrate_g: 0, fat_g: 0, fibre_g: 0 };
const whole = { limit: 100, after: undefined };

interface Eater {
  readonly user: User;
  readonly foodId: string;
  readonly mealId: string;
}

/** A user with a food of their own and a meal of it. */
async function eater({ client }: Database): Promise<Eater> {
  const user = await userStore(client).add(`${randomUUID()}@nutri.example`, "hash");
  if (user === undefined) throw new Error("the email was taken");
  const food = await foodStore(client).add(user.id, { name: "own", source: "user", per100g });
  const items = [{ foodId: food.id, grams: 1 }];
  const meal = { eatenOn: day, description: undefined, items };
  return { user, foodId: food.id, mealId: (await mealStore(client).add(user.id, meal)).id };
}

describeWithDatabase("the role of the services", () => {
  let server: TestDatabase;
  let database: Database;
  let ann: Eater;
  let bob: Eater;

  beforeAll(async () => {
    server = await startDatabase();
    database = openDatabase({
      ...{ url: server.appUrl, connectionsMax: 4, onIdleError: () => undefined },
    });
    [ann, bob] = [await eater(database), await eater(database)];
    await sql(
      server.url,
      `INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g)
       VALUES ('shared', 'test', 0, 0, 0, 0, 0)`,
    );
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  /** One statement as the role, for a user or for nobody, in a transaction that is undone. */
  async function ask(userId: string | undefined, text: string, values: unknown[] = []) {
    const client = new pg.Client({ connectionString: server.appUrl });
    await client.connect();
    try {
      await client.query("BEGIN");
      if (userId !== undefined)
        await client.query("SELECT set_config('nutri.user_id', $1, true)", [userId]);
      return await client.query<Record<string, unknown>>(text, values);
    } finally {
      await client.end();
    }
  }

  it("may_not_pass_the_policies_by", async () => {
    const { rows } = await ask(
      undefined,
      `SELECT rolsuper, rolbypassrls, pg_has_role('nutri_app', 'MEMBER') AS is_it
       FROM pg_roles WHERE rolname = current_user`,
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, is_it: true }]);
    const owner = new URL(server.url).username;
    await expect(ask(undefined, `SET ROLE ${owner}`)).rejects.toMatchObject({ code: "42501" });
    const client = ask(undefined, "SET LOCAL row_security = off; SELECT * FROM meals");
    await expect(client).rejects.toMatchObject({ code: "42501" });
    for (const text of ["ALTER TABLE meals DISABLE ROW LEVEL SECURITY", "TRUNCATE meals CASCADE"])
      await expect(ask(ann.user.id, text)).rejects.toMatchObject({ code: "42501" });
  });

  it("is_under_policies_in_every_table", async () => {
    const { rows } = await sql(
      server.url,
      `SELECT relname, relrowsecurity AND relforcerowsecurity AS forced,
              EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid) AS has_policy
       FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND relname <> '_prisma_migrations' ORDER BY relname`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const row of rows) expect(row).toMatchObject({ forced: true, has_policy: true });
  });

  it.each(["users", "foods", "meals", "meal_items"])(
    "sees_nothing_of_others_in_%s_without_a_where",
    async (table) => {
      const { rows } = await ask(ann.user.id, `SELECT * FROM ${table}`);
      const text = JSON.stringify(rows);
      expect(rows.length).toBeGreaterThan(0);
      for (const id of [bob.user.id, bob.foodId, bob.mealId]) expect(text).not.toContain(id);
      const nobody = (await ask(undefined, `SELECT * FROM ${table}`)).rows;
      expect(nobody.map((row) => row["name"])).toEqual(table === "foods" ? ["shared"] : []);
    },
  );

  it("sees_nothing_of_others_through_prisma_without_a_where", async () => {
    const { client } = database;
    const mine = { userId: ann.user.id };
    const seen = await as(client, mine, ({ meal }) => meal.findMany());
    expect(seen.map(({ id }) => id)).toEqual([ann.mealId]);
    expect(await as(client, mine, ({ user }) => user.count())).toBe(1);
    expect(await client.meal.count()).toBe(0);
    const theirs = { where: { id: bob.mealId } };
    expect((await as(client, mine, ({ meal }) => meal.deleteMany(theirs))).count).toBe(0);
  });

  it.each([
    ["change_meals", "UPDATE meals SET description = 'x'"],
    ["remove_meals", "DELETE FROM meals"],
    ["remove_foods", "DELETE FROM foods WHERE id NOT IN (SELECT food_id FROM meal_items)"],
    ["change_passwords", "UPDATE users SET password_hash = 'x'"],
  ])("may_not_%s_of_others_without_a_where", async (_what, text) => {
    const all = (await ask(ann.user.id, `${text} RETURNING *`)).rows;
    expect(JSON.stringify(all)).not.toContain(bob.user.id);
    expect((await ask(undefined, text)).rowCount).toBe(0);
  });

  it.each<[string, (of: { ann: Eater; bob: Eater }) => [string, unknown[]]]>([
    [
      "a_meal_for_another",
      ({ bob }) => ["INSERT INTO meals (user_id, eaten_on) VALUES ($1, now())", [bob.user.id]],
    ],
    [
      "a_food_for_another",
      ({ bob }) => [
        `INSERT INTO foods (owner_id, name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g)
         VALUES ($1, 'x', 'x', 0, 0, 0, 0, 0)`,
        [bob.user.id],
      ],
    ],
    [
      "a_food_for_everybody",
      () => [
        `INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g)
         VALUES ('x', 'x', 0, 0, 0, 0, 0)`,
        [],
      ],
    ],
    [
      "an_item_into_a_meal_of_another",
      ({ ann, bob }) => ["INSERT INTO meal_items VALUES ($1, 7, $2, 1)", [bob.mealId, ann.foodId]],
    ],
    [
      "an_item_of_a_food_of_another",
      ({ ann, bob }) => ["INSERT INTO meal_items VALUES ($1, 7, $2, 1)", [ann.mealId, bob.foodId]],
    ],
    ["its_meal_to_another", ({ bob }) => ["UPDATE meals SET user_id = $1", [bob.user.id]]],
    [
      "a_user_of_another_mailbox",
      () => ["INSERT INTO users (email, password_hash) VALUES ('x@y.z', 'x')", []],
    ],
  ])("may_not_write_%s", async (_what, of) => {
    const [text, values] = of({ ann, bob });
    await expect(ask(ann.user.id, text, values)).rejects.toMatchObject({ code: "42501" });
  });

  it("calls_a_food_of_another_one_that_is_gone", async () => {
    const items = [{ foodId: bob.foodId, grams: 1 }];
    const added = mealStore(database.client).add(ann.user.id, {
      ...{ eatenOn: day, description: undefined, items },
    });
    await expect(added).rejects.toMatchObject({ kind: "conflict", code: "gone" });
  });

  it("logs_in_by_one_mailbox_and_sees_no_other", async () => {
    const { client } = database;
    const found = await as(client, { email: ann.user.email }, ({ user }) => user.findMany());
    expect(found.map(({ id }) => id)).toEqual([ann.user.id]);
  });
});

describeWithDatabase("an account that is deleted", () => {
  let server: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    server = await startDatabase();
    database = openDatabase({
      ...{ url: server.appUrl, connectionsMax: 4, onIdleError: () => undefined },
    });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  const count = async (table: string, column: string, id: string) =>
    (await sql(server.url, `SELECT 1 FROM ${table} WHERE ${column} = '${id}'`)).rowCount;
  const remove = (id: string) => sql(server.url, `DELETE FROM users WHERE id = '${id}'`);

  it("takes_its_meals_and_foods_along_and_nothing_of_others", async () => {
    const [gone, stays] = [await eater(database), await eater(database)];
    expect((await remove(gone.user.id)).rowCount).toBe(1);
    for (const [who, left] of [
      [gone, 0],
      [stays, 1],
    ] as const) {
      expect(await count("users", "id", who.user.id)).toBe(left);
      expect(await count("foods", "owner_id", who.user.id)).toBe(left);
      expect(await count("meals", "user_id", who.user.id)).toBe(left);
      expect(await count("meal_items", "food_id", who.foodId)).toBe(left);
    }
  });

  it("does_not_need_the_tables_in_the_path_of_who_deletes", async () => {
    const gone = await eater(database);
    const text = `SET search_path = pg_catalog; DELETE FROM public.users WHERE id = '${gone.user.id}'`;
    await sql(server.url, text);
    expect(await count("users", "id", gone.user.id)).toBe(0);
  });

  it("is_not_deleted_by_the_services", async () => {
    const { user } = await eater(database);
    const { client } = database;
    const deleted = as(client, { userId: user.id }, (mine) => mine.user.deleteMany());
    await expect(deleted).rejects.toThrow(/permission denied/);
    expect(await count("users", "id", user.id)).toBe(1);
  });

  it("leaves_a_food_that_others_ate_and_no_food_is_deleted_under_a_meal", async () => {
    const { rows } = await sql(
      server.url,
      `INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g)
       VALUES ('shared', 'test', 0, 0, 0, 0, 0) RETURNING id`,
    );
    const shared = String(rows[0]?.["id"]);
    const meal = { eatenOn: day, description: undefined, items: [{ foodId: shared, grams: 1 }] };
    const [gone, stays] = [await eater(database), await eater(database)];
    for (const { user } of [gone, stays]) await mealStore(database.client).add(user.id, meal);
    await remove(gone.user.id);
    expect(await count("meal_items", "food_id", shared)).toBe(1);
    for (const food of [shared, stays.foodId])
      await expect(sql(server.url, `DELETE FROM foods WHERE id = '${food}'`)).rejects.toMatchObject(
        { code: expect.stringMatching(/^23/) },
      );
    const mine = { userId: stays.user.id };
    const { client } = database;
    const deleted = as(client, mine, (own) => own.food.deleteMany());
    await expect(deleted).rejects.toThrow(/foreign key|permission denied/i);
    expect(await count("foods", "id", stays.foodId)).toBe(1);
  });
});

describeWithPooler("the role of the services behind a transaction pooler", () => {
  it("keeps_users_apart_on_one_connection_that_they_share", async () => {
    const server = await startDatabase();
    const pooler = await startPooler(server.appUrl, 1);
    const database = openDatabase({
      ...{ url: pooler.url, connectionsMax: 8, onIdleError: () => undefined },
    });
    try {
      const eaters = [await eater(database), await eater(database), await eater(database)];
      const meals = mealStore(database.client);
      const seen = await Promise.all(
        Array.from({ length: 60 }, async (_, turn) => {
          const mine = eaters[turn % 3];
          if (mine === undefined) throw new Error("there are three");
          const page = await meals.listOn(mine.user.id, day, whole);
          const all = await as(database.client, { userId: mine.user.id }, ({ meal }) =>
            meal.findMany(),
          );
          return [page.items.map(({ id }) => id), all.map(({ id }) => id), [mine.mealId]];
        }),
      );
      for (const [page, all, wanted] of seen) {
        expect(page).toEqual(wanted);
        expect(all).toEqual(wanted);
      }
      // What one transaction said is not left for the next on the same connection.
      expect(await database.client.meal.count()).toBe(0);
      const { rows } = await sql(pooler.url, "SELECT current_setting('nutri.user_id', true) AS it");
      expect(rows[0]?.["it"] ?? "").toBe("");
    } finally {
      await database.close();
      await pooler.stop();
      await server.stop();
    }
  });
});
