// What row level security costs: the meals of a day, asked for as the store asks, against the same
// question as the owner of the tables, who is under no policy, without a transaction around it.
//   node scripts/bench-row-level-security.js OWNER_URL APP_URL [QUESTIONS]
// After a build, on a database with the migrations; what it makes there it removes.
import { randomUUID } from "node:crypto";
import { openDatabase } from "../dist/store/database.js";
import { foodStore } from "../dist/store/foods.js";
import { mealStore } from "../dist/store/meals.js";
import { userStore } from "../dist/store/users.js";

const [ownerUrl, appUrl, asked = "2000"] = process.argv.slice(2);
if (appUrl === undefined) {
  process.stderr.write(
    "usage: node scripts/bench-row-level-security.js OWNER_URL APP_URL [QUESTIONS]\n",
  );
  process.exit(2);
}
const questions = Number(asked);
const day = "2026-11-27";
const whole = { limit: 100, after: undefined };
const per100g = { kcal: 1, protein_g: 0, carbohydrate_g: 0, fat_g: 0, fibre_g: 0 };
const open = (url) => openDatabase({ url, connectionsMax: 4, onIdleError: () => undefined });
const owner = open(ownerUrl);
const app = open(appUrl);

/** A hundred users with ten meals each, so that a policy has rows to pass over. */
async function fill() {
  const users = [];
  for (let at = 0; at < 100; at += 1) {
    const user = await userStore(app.client).add(`${randomUUID()}@bench.example`, "x");
    const food = await foodStore(app.client).add(user.id, { name: "x", source: "x", per100g });
    const meal = { eatenOn: day, description: undefined, items: [{ foodId: food.id, grams: 1 }] };
    for (let meals = 0; meals < 10; meals += 1) await mealStore(app.client).add(user.id, meal);
    users.push(user.id);
  }
  return users;
}

/** As `listOn` of the store, but plain. */
function plainly({ client }, userId) {
  const include = { items: { orderBy: { position: "asc" }, include: { food: true } } };
  return client.meal.findMany({
    where: { userId, eatenOn: new Date(`${day}T00:00:00Z`) },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    take: 101,
    include,
  });
}

async function measure(users, question) {
  const times = [];
  for (let turn = 0; turn < questions; turn += 1) {
    const began = performance.now();
    await question(users[turn % users.length]);
    times.push(performance.now() - began);
  }
  times.sort((left, right) => left - right);
  return { p50: times[Math.floor(questions / 2)], p99: times[Math.floor(questions * 0.99)] };
}

const users = await fill();
try {
  const meals = mealStore(app.client);
  // In turn and not one after the other, so that a noisy machine is noisy to both.
  const rounds = [];
  for (let round = 0; round < 3; round += 1) {
    const plain = await measure(users, (id) => plainly(owner, id));
    const guarded = await measure(users, (id) => meals.listOn(id, day, whole));
    rounds.push({ plain, guarded, ratio: guarded.p50 / plain.p50 });
  }
  process.stdout.write(`${JSON.stringify(rounds, undefined, 2)}\n`);
} finally {
  // In the order of what refers to what: an item holds its food.
  await owner.client.meal.deleteMany({ where: { userId: { in: users } } });
  await owner.client.user.deleteMany({ where: { id: { in: users } } });
  await owner.close();
  await app.close();
}
