// Meals are made of foods that the eater may see, and a day has an end.
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Day } from "../../src/domain/day.js";
import { createFood, readFood, type Food } from "../../src/domain/foods.js";
import { createMeal, deleteMeal, mealsPerDayMax, type NewMeal } from "../../src/domain/meals.js";
import { noNutrients } from "../../src/domain/nutrients.js";
import { memoryStores, type MemoryStores } from "../world/memory.js";

const me = "user-1";
const day = "2026-11-23" as Day;
const words: NewMeal = { eatenOn: day, description: "porridge", items: [] };

describe("meals", () => {
  let stores: MemoryStores;
  let mine: Food;
  let theirs: Food;
  beforeEach(async () => {
    stores = memoryStores();
    mine = await createFood(stores.foods, me, { name: "Oats", per100g: noNutrients });
    theirs = await createFood(stores.foods, "user-2", { name: "Rye", per100g: noNutrients });
  });

  it("are_made_of_foods_that_the_eater_may_see", async () => {
    const items = [{ foodId: mine.id, grams: 40 }];
    const meal = await createMeal(stores, me, { ...words, items });
    expect(meal.items).toEqual([{ food: mine, grams: 40 }]);
  });

  it("name_every_food_that_the_eater_may_not_see", async () => {
    const items = [theirs.id, mine.id, "nothing"].map((foodId) => ({ foodId, grams: 40 }));
    await expect(createMeal(stores, me, { ...words, items })).rejects.toMatchObject({
      kind: "invalid",
      code: "unknown_food",
      details: [
        { path: "items.0.food_id", message: `unknown food \`${theirs.id}\`` },
        { path: "items.2.food_id", message: "unknown food `nothing`" },
      ],
    });
  });

  it("end_when_the_day_is_full", async () => {
    for (let count = 0; count < mealsPerDayMax; count++) await createMeal(stores, me, words);
    await expect(createMeal(stores, me, words)).rejects.toMatchObject({
      kind: "conflict",
      code: "day_full",
      message: "cannot add a meal: 2026-11-23 already has 100 meals",
    });
    await expect(createMeal(stores, "user-2", words)).resolves.toBeDefined();
  });

  it("are_deleted_once", async () => {
    const meal = await createMeal(stores, me, words);
    await deleteMeal(stores.meals, me, meal.id);
    await expect(deleteMeal(stores.meals, me, meal.id)).rejects.toMatchObject({
      kind: "not_found",
      code: "meal_not_found",
    });
  });
});

describe("foods", () => {
  it("of_somebody_else_are_not_found", async () => {
    const { foods } = memoryStores();
    const theirs = await createFood(foods, "user-2", { name: "Rye", per100g: noNutrients });
    expect(theirs.source).toBe("user");
    expect(await readFood(foods, "user-2", theirs.id)).toEqual(theirs);
    await expect(readFood(foods, me, theirs.id)).rejects.toMatchObject({ code: "food_not_found" });
  });
});
