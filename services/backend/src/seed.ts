// Fills a new database with shared foods, and with a month of three people when a password is given
// for them. `xtask dev up`, `xtask dev seed`, `xtask db seed` and whoever has the image run this one
// program, as the owner of the tables. Running it again changes nothing that is already right.
import { demoMonth, demoPeople, type DemoMeal } from "./demo.js";
import { dayOf, midnightOf } from "./domain/day.js";
import type { Nutrients } from "./domain/nutrients.js";
import { createLog, type Log } from "./log.js";
import { hashPassword } from "./passwords/phc.js";
import { readSeedSettings, SettingsError, type SeedSettings } from "./settings.js";
import { openDatabase, type Database } from "./store/database.js";
import { columnsOf } from "./store/foods.js";
import { userStore } from "./store/users.js";

type Row = readonly [
  name: string,
  ndb: string,
  ...amounts: [number, number, number, number, number],
];

// Per 100 g: kcal, protein, carbohydrate, fat, fibre. USDA National Nutrient Database for
// Standard Reference; the second column is its food number.
const rows: readonly Row[] = [
  ["Almonds", "12061", 579, 21.15, 21.55, 49.93, 12.5],
  ["Apple, raw, with skin", "09003", 52, 0.26, 13.81, 0.17, 2.4],
  ["Avocado, raw", "09037", 160, 2, 8.53, 14.66, 6.7],
  ["Banana, raw", "09040", 89, 1.09, 22.84, 0.33, 2.6],
  ["Broccoli, raw", "11090", 34, 2.82, 6.64, 0.37, 2.6],
  ["Chicken breast, roasted", "05064", 165, 31.02, 0, 3.57, 0],
  ["Egg, whole, raw", "01123", 143, 12.56, 0.72, 9.51, 0],
  ["Lentils, boiled", "16070", 116, 9.02, 20.13, 0.38, 7.9],
  ["Milk, whole", "01077", 61, 3.15, 4.8, 3.25, 0],
  ["Oats", "20038", 389, 16.89, 66.27, 6.9, 10.6],
  ["Olive oil", "04053", 884, 0, 0, 100, 0],
  ["Rice, white, long-grain, cooked", "20045", 130, 2.69, 28.17, 0.28, 0.4],
  ["Salmon, Atlantic, farmed, raw", "15236", 208, 20.42, 0, 13.42, 0],
  ["Spinach, raw", "11457", 23, 2.86, 3.63, 0.39, 2.2],
];

const exitCodes = { failed: 1, settings: 2 } as const;

async function main(): Promise<void> {
  const log = createLog({ logLevel: "info", appVersion: "seed" });
  try {
    await seed(readSeedSettings(process.env), log);
  } catch (error) {
    if (error instanceof SettingsError) {
      log.fatal({ problems: error.problems }, error.message);
      process.exitCode = exitCodes.settings;
    } else {
      log.fatal({ error }, "failed to seed");
      process.exitCode = exitCodes.failed;
    }
  }
}

async function seed(settings: SeedSettings, log: Log): Promise<void> {
  const database = openDatabase({
    url: settings.databaseUrl,
    connectionsMax: 1,
    onIdleError: (error) => {
      log.warn({ error }, "a database connection broke while idle");
    },
  });
  try {
    await refuseUnderPolicies(database);
    for (const row of rows) await keepFood(database, row);
    log.info({ foods: rows.length }, "shared foods are there");
    if (settings.demoPassword === undefined)
      log.info("no demo people: SEED_DEMO_PASSWORD is not set");
    else
      log.info(await keepDemoPeople(database, settings.demoPassword), "the demo people are there");
  } finally {
    await database.close();
  }
}

/** Who is under the policies may write no food for everybody, and sees no month of before. */
async function refuseUnderPolicies({ client }: Database): Promise<void> {
  const [found] = await client.$queryRaw<{ role: string; under: boolean }[]>`
    SELECT current_user::text AS role, row_security_active('foods') AS under`;
  if (found?.under !== false)
    throw new Error(
      `role \`${found?.role ?? "?"}\` is under row level security; DATABASE_URL must name the owner of the tables, a superuser or with BYPASSRLS`,
    );
}

async function keepFood({ client }: Database, [name, ndb, ...amounts]: Row): Promise<void> {
  const [kcal, protein_g, carbohydrate_g, fat_g, fibre_g] = amounts;
  const per100g: Nutrients = { kcal, protein_g, carbohydrate_g, fat_g, fibre_g };
  const id = idOf(ndb);
  const food = { name, source: `USDA SR ${ndb}`, ...columnsOf(per100g) };
  await client.food.upsert({ where: { id }, create: { id, ...food }, update: food });
}

/** A fixed id per food number is what makes a second run find the first one's rows. */
function idOf(ndb: string): string {
  return `5eed0000-0000-4000-8000-${ndb.padStart(12, "0")}`;
}

/** A person who is there keeps the password; only days that are not there yet are added. */
async function keepDemoPeople(database: Database, password: string) {
  const today = dayOf(new Date());
  const hash = await hashPassword(password);
  const made = { people: 0, meals: 0 };
  for (const person of demoPeople) {
    const users = userStore(database.client);
    const added = await users.add(person.email, hash);
    const user = added ?? (await users.findByEmail(person.email))?.user;
    if (user === undefined) continue;
    made.people += added === undefined ? 0 : 1;
    made.meals += await keepMeals(database, user.id, demoMonth(person, today));
  }
  return { made };
}

async function keepMeals(
  { client }: Database,
  userId: string,
  meals: readonly DemoMeal[],
): Promise<number> {
  const rows = meals.map(({ id, eatenOn, description }) => ({
    id,
    userId,
    eatenOn: midnightOf(eatenOn),
    description: description ?? null,
  }));
  const items = meals.flatMap(({ id, items }) =>
    items.map(({ ndb, grams }, position) => ({ mealId: id, position, foodId: idOf(ndb), grams })),
  );
  const skipDuplicates = true;
  const [added] = await client.$transaction([
    client.meal.createMany({ data: rows, skipDuplicates }),
    client.mealItem.createMany({ data: items, skipDuplicates }),
  ]);
  return added.count;
}

await main();
