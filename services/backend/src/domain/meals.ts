// What somebody ate on a day: weighed foods, a few words, or both.
import type { Day } from "./day.js";
import type { Food, FoodStore } from "./foods.js";
import type { Page, PageRequest } from "./page.js";
import { Refusal } from "./refusal.js";

export interface MealItem {
  readonly food: Food;
  readonly grams: number;
}

export interface Meal {
  readonly id: string;
  readonly eatenOn: Day;
  readonly description: string | undefined;
  readonly items: readonly MealItem[];
  readonly createdAt: Date;
}

export interface NewMeal {
  readonly eatenOn: Day;
  readonly description: string | undefined;
  readonly items: readonly { readonly foodId: string; readonly grams: number }[];
}

export interface MealStore {
  add(userId: string, meal: NewMeal): Promise<Meal>;
  countOn(userId: string, day: Day): Promise<number>;
  /** In the order they were written down. */
  listOn(userId: string, day: Day, page: PageRequest): Promise<Page<Meal>>;
  /** False when the user has no such meal. */
  remove(userId: string, id: string): Promise<boolean>;
}

// Bounds the work of a daily summary. Nobody eats a hundred times a day; a broken client might.
export const mealsPerDayMax = 100;

export async function createMeal(
  stores: { readonly meals: MealStore; readonly foods: FoodStore },
  userId: string,
  meal: NewMeal,
): Promise<Meal> {
  await refuseUnknownFoods(stores.foods, userId, meal);
  if ((await stores.meals.countOn(userId, meal.eatenOn)) >= mealsPerDayMax) {
    const message = `cannot add a meal: ${meal.eatenOn} already has ${mealsPerDayMax} meals`;
    throw new Refusal("conflict", "day_full", message);
  }
  return stores.meals.add(userId, meal);
}

export async function deleteMeal(meals: MealStore, userId: string, id: string): Promise<void> {
  if (!(await meals.remove(userId, id))) {
    throw new Refusal("not_found", "meal_not_found", `cannot find meal \`${id}\``);
  }
}

async function refuseUnknownFoods(foods: FoodStore, userId: string, meal: NewMeal): Promise<void> {
  const ids = [...new Set(meal.items.map((item) => item.foodId))];
  if (ids.length === 0) return;
  const known = new Set((await foods.findVisible(userId, ids)).map((food) => food.id));
  const details = meal.items.flatMap((item, position) =>
    known.has(item.foodId)
      ? []
      : [{ path: `items.${position}.food_id`, message: `unknown food \`${item.foodId}\`` }],
  );
  if (details.length > 0) {
    throw new Refusal(
      "invalid",
      "unknown_food",
      "cannot add a meal: it names unknown foods",
      details,
    );
  }
}
