// Stores that remember in this process only. The facts in `test/store/facts.ts` hold for them
// and for Postgres alike, so a test that uses them is not fooled.
import { randomUUID } from "node:crypto";
import type { Food, FoodStore } from "../../src/domain/foods.js";
import type { Meal, MealStore } from "../../src/domain/meals.js";
import { cutPage } from "../../src/domain/page.js";
import type { SessionStore } from "../../src/domain/sessions.js";
import type { User, UserStore } from "../../src/domain/users.js";

export interface Stores {
  readonly users: UserStore;
  readonly foods: FoodStore;
  readonly meals: MealStore;
  addShared(food: Omit<Food, "id" | "ownerId">): Promise<Food>;
}

export interface MemoryStores extends Stores {
  readonly sessions: SessionStore;
  closeAccount(userId: string): void;
}

export function memoryStores(): MemoryStores {
  const foods: Food[] = [];
  const users: StoredUser[] = [];
  return {
    users: memoryUsers(users),
    closeAccount(userId) {
      const at = users.findIndex(({ user }) => user.id === userId);
      if (at >= 0) users.splice(at, 1);
    },
    sessions: memorySessions(),
    foods: memoryFoods(foods),
    meals: memoryMeals(foods),
    addShared: (food) =>
      Promise.resolve(keep(foods, { id: randomUUID(), ownerId: undefined, ...food })),
  };
}

interface StoredUser {
  readonly user: User;
  passwordHash: string;
}

function memoryUsers(users: StoredUser[]): UserStore {
  return {
    add(email, passwordHash) {
      if (users.some(({ user }) => user.email === email)) return Promise.resolve(undefined);
      const user = { id: randomUUID(), email, createdAt: new Date() };
      users.push({ user, passwordHash });
      return Promise.resolve(user);
    },
    findByEmail(email) {
      const kept = users.find(({ user }) => user.email === email);
      return Promise.resolve(kept === undefined ? undefined : { ...kept });
    },
    replacePasswordHash(id, from, to) {
      const kept = users.find(({ user, passwordHash }) => user.id === id && passwordHash === from);
      if (kept !== undefined) kept.passwordHash = to;
      return Promise.resolve(kept !== undefined);
    },
    findById: (id) => Promise.resolve(users.find(({ user }) => user.id === id)?.user),
  };
}

function memorySessions(): SessionStore {
  const open = new Map<string, { userId: string; digest: string; before?: string }>();
  const ended = new Set<string>();
  const finish = (id: string) => {
    open.delete(id);
    ended.add(id);
  };
  return {
    open(userId, id, digest) {
      open.set(id, { userId, digest });
      return Promise.resolve();
    },
    rotate(userId, id, from, to) {
      const kept = open.get(id);
      if (kept?.userId !== userId) return Promise.resolve("unknown");
      if (kept.digest === from) kept.before = from;
      if (kept.before === from) {
        kept.digest = to;
        return Promise.resolve("rotated");
      }
      finish(id);
      return Promise.resolve("reused");
    },
    end(_userId, id) {
      finish(id);
      return Promise.resolve();
    },
    endAll(userId) {
      for (const [id, kept] of open) if (kept.userId === userId) finish(id);
      return Promise.resolve();
    },
    hasEnded: (_userId, id) => Promise.resolve(ended.has(id)),
  };
}

function memoryFoods(foods: Food[]): FoodStore {
  const visible = (userId: string) =>
    foods.filter((food) => food.ownerId === undefined || food.ownerId === userId);
  return {
    add: (ownerId, food) => Promise.resolve(keep(foods, { id: randomUUID(), ownerId, ...food })),
    search(userId, words, { limit, after }) {
      const rows = visible(userId)
        .filter((food) => food.name.toLowerCase().includes(words.toLowerCase()))
        .sort((left, right) => compare([left.name, left.id], [right.name, right.id]))
        .filter((food) => after === undefined || compare([food.name, food.id], after) > 0);
      return Promise.resolve(cutPage(rows, limit, (food) => [food.name, food.id]));
    },
    findVisible: (userId, ids) =>
      Promise.resolve(visible(userId).filter(({ id }) => ids.includes(id))),
  };
}

function memoryMeals(foods: readonly Food[]): MealStore {
  const meals: { userId: string; meal: Meal }[] = [];
  const on = (userId: string, day: string) =>
    meals.flatMap((kept) =>
      kept.userId === userId && kept.meal.eatenOn === day ? [kept.meal] : [],
    );
  return {
    add(userId, { eatenOn, description, items }) {
      const eaten = items.map(({ foodId, grams }) => {
        const food = foods.find(({ id }) => id === foodId);
        if (food === undefined) throw new Error(`no food ${foodId}`);
        return { food, grams };
      });
      const meal = { id: randomUUID(), eatenOn, description, items: eaten, createdAt: new Date() };
      meals.push({ userId, meal });
      return Promise.resolve(meal);
    },
    countOn: (userId, day) => Promise.resolve(on(userId, day).length),
    listOn(userId, day, { limit, after }) {
      const position = (meal: Meal) => [meal.createdAt.toISOString(), meal.id];
      const rows = on(userId, day)
        .sort((left, right) => compare(position(left), position(right)))
        .filter((meal) => after === undefined || compare(position(meal), after) > 0);
      return Promise.resolve(cutPage(rows, limit, position));
    },
    remove(userId, id) {
      const at = meals.findIndex((kept) => kept.userId === userId && kept.meal.id === id);
      if (at >= 0) meals.splice(at, 1);
      return Promise.resolve(at >= 0);
    },
  };
}

function keep<Item>(items: Item[], item: Item): Item {
  items.push(item);
  return item;
}

function compare(left: readonly string[], right: readonly string[]): number {
  for (const [at, word] of left.entries()) {
    const other = right[at] ?? "";
    if (word !== other) return word < other ? -1 : 1;
  }
  return 0;
}
