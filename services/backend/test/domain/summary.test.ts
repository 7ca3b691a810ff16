// A day adds up what was weighed and what could be estimated, and says what is missing.
import { describe, expect, it } from "@jest/globals";
import type { Day } from "../../src/domain/day.js";
import { estimateAll, type Estimate, type Estimator } from "../../src/domain/estimates.js";
import { mealsPerDayMax, type Meal } from "../../src/domain/meals.js";
import { noNutrients, type Nutrients } from "../../src/domain/nutrients.js";
import { addUp, summarise } from "../../src/domain/summary.js";
import { estimateOf as estimateOfTotal, noEstimate } from "../world/app.js";
import { memoryStores } from "../world/memory.js";

const day = "2026-11-23" as Day;
const call = {
  userId: "me",
  requestId: "test",
  signal: new AbortController().signal,
  remainingMs: () => 1_000,
};
const kcal = (amount: number): Nutrients => ({ ...noNutrients, kcal: amount });
const estimateOf = (amount: number): Estimate => estimateOfTotal(kcal(amount));
const oats = { id: "oats", ownerId: undefined, name: "Oats", source: "t", per100g: kcal(400) };

function mealOf(id: string, description: string | undefined, grams?: number): Meal {
  const items = grams === undefined ? [] : [{ food: oats, grams }];
  return { id, eatenOn: day, description, items, createdAt: new Date(0) };
}

describe("adding up a day", () => {
  it("is_zero_and_complete_without_meals", () => {
    expect(addUp(day, [], new Map())).toMatchObject({
      mealCount: 0,
      total: noNutrients,
      estimates: "complete",
    });
  });

  it("adds_estimates_to_what_was_weighed", () => {
    const meals = [mealOf("1", undefined, 50), mealOf("2", "soup"), mealOf("3", "soup")];
    expect(addUp(day, meals, new Map([["soup", estimateOf(120)]]))).toEqual({
      day,
      mealCount: 3,
      recorded: kcal(200),
      estimated: kcal(240),
      total: kcal(440),
      estimates: "complete",
      unestimatedMealIds: [],
      partlyEstimatedMealIds: [],
      unreadableMealIds: [],
    });
  });

  it("names_the_meals_that_no_estimate_was_had_for", () => {
    const meals = [mealOf("1", "soup"), mealOf("2", "stew"), mealOf("3", undefined, 25)];
    expect(addUp(day, meals, new Map([["soup", estimateOf(120)]]))).toMatchObject({
      total: kcal(220),
      estimates: "partial",
      unestimatedMealIds: ["2"],
    });
  });

  it("is_partial_where_nothing_of_a_text_was_read", () => {
    const meals = [mealOf("1", "soup"), mealOf("2", "600 kcal")];
    const estimates = new Map([
      ["soup", estimateOf(120)],
      ["600 kcal", noEstimate],
    ]);
    expect(addUp(day, meals, estimates)).toMatchObject({
      total: kcal(120),
      estimates: "partial",
      partlyEstimatedMealIds: ["2"],
    });
  });

  it("is_partial_where_words_are_unknown_and_counts_what_is_known", () => {
    const half = { ...estimateOf(120), unknown: ["zzz"] };
    expect(addUp(day, [mealOf("1", "soup, zzz")], new Map([["soup, zzz", half]]))).toMatchObject({
      total: kcal(120),
      estimates: "partial",
      unestimatedMealIds: [],
      partlyEstimatedMealIds: ["1"],
    });
  });

  it("tells_words_that_are_never_estimated_from_those_that_are_not_now", async () => {
    const { meals } = memoryStores();
    const too = await meals.add("me", { eatenOn: day, description: "51 foods", items: [] });
    const later = await meals.add("me", { eatenOn: day, description: "soup", items: [] });
    const estimator: Estimator = {
      estimate: (text) =>
        Promise.resolve(
          text === "soup"
            ? { postponed: "too many", retrySeconds: 1 }
            : { unreadable: "more than 50 foods" },
        ),
    };
    expect(await summarise({ meals, estimator }, "me", day, call)).toMatchObject({
      estimates: "partial",
      unestimatedMealIds: [later.id],
      unreadableMealIds: [too.id],
    });
  });

  it("does_not_count_a_weighed_meal_twice_for_its_description", () => {
    const meals = [mealOf("1", "soup", 100)];
    expect(addUp(day, meals, new Map([["soup", estimateOf(120)]]))).toMatchObject({
      total: kcal(400),
      estimates: "complete",
    });
  });

  it("reads_every_page_of_a_day_that_got_too_full", async () => {
    const { meals } = memoryStores();
    for (let count = 0; count <= mealsPerDayMax; count++) {
      await meals.add("me", { eatenOn: day, description: "soup", items: [] });
    }
    const estimator: Estimator = { estimate: () => Promise.resolve(estimateOf(1)) };
    const summary = await summarise({ meals, estimator }, "me", day, call);
    expect(summary.mealCount).toBe(mealsPerDayMax + 1);
    expect(summary.total.kcal).toBe(mealsPerDayMax + 1);
  });
});

describe("estimating many texts", () => {
  it("asks_once_for_equal_texts", async () => {
    const asked: string[] = [];
    const estimator: Estimator = {
      estimate: (text) => {
        asked.push(text);
        return Promise.resolve(estimateOf(1));
      },
    };
    const found = await estimateAll(estimator, ["a", "b", "a"], call);
    expect(asked.sort()).toEqual(["a", "b"]);
    expect([...found.keys()].sort()).toEqual(["a", "b"]);
  });

  it("asks_for_at_most_two_at_once", async () => {
    let [running, most] = [0, 0];
    const estimator: Estimator = {
      estimate: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return estimateOf(1);
      },
    };
    const texts = Array.from({ length: 50 }, (_, at) => `meal ${at}`);
    expect((await estimateAll(estimator, texts, call)).size).toBe(50);
    expect(most).toBe(2);
  });
});
