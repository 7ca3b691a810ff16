// A day in numbers: what was weighed, and estimates of what was only described.
import type { Day } from "./day.js";
import {
  estimateAll,
  isEstimate,
  type Estimate,
  type EstimateCall,
  type Estimator,
  type Unreadable,
} from "./estimates.js";
import { mealsPerDayMax, type Meal, type MealStore } from "./meals.js";
import { inGrams, sum, type Nutrients } from "./nutrients.js";

export interface Summary {
  readonly day: Day;
  readonly mealCount: number;
  readonly recorded: Nutrients;
  readonly estimated: Nutrients;
  readonly total: Nutrients;
  /** `partial` when a described meal, or some of its words, is missing from the numbers. */
  readonly estimates: "complete" | "partial";
  /** Not now, but perhaps later. */
  readonly unestimatedMealIds: readonly string[];
  /** Some of their words name no food that is known. */
  readonly partlyEstimatedMealIds: readonly string[];
  /** Never, unless they are described in other words. */
  readonly unreadableMealIds: readonly string[];
}

export async function summarise(
  ports: { readonly meals: MealStore; readonly estimator: Estimator },
  userId: string,
  day: Day,
  call: EstimateCall,
): Promise<Summary> {
  const meals = await wholeDay(ports.meals, userId, day);
  const texts = meals.flatMap((meal) => textToEstimate(meal) ?? []);
  const estimates = await estimateAll(ports.estimator, texts, call);
  return addUp(day, meals, estimates);
}

/** The sums of a day, given its meals and the estimates that could be had. */
export function addUp(
  day: Day,
  meals: readonly Meal[],
  estimates: ReadonlyMap<string, Estimate | Unreadable>,
): Summary {
  const recorded = sum(
    meals.flatMap((meal) => meal.items.map((item) => inGrams(item.food.per100g, item.grams))),
  );
  const described = meals.flatMap((meal) => {
    const text = textToEstimate(meal);
    return text === undefined ? [] : [{ id: meal.id, found: estimates.get(text) }];
  });
  const estimated = sum(described.flatMap(({ found }) => (isEstimate(found) ? found.total : [])));
  const those = (test: (found: Estimate | Unreadable | undefined) => boolean) =>
    described.flatMap(({ id, found }) => (test(found) ? [id] : []));
  const missing = {
    unestimatedMealIds: those((found) => found === undefined),
    // Where nothing was read, nothing is known of what was eaten.
    partlyEstimatedMealIds: those(
      (found) => isEstimate(found) && (found.unknown.length > 0 || found.items.length === 0),
    ),
    unreadableMealIds: those((found) => found !== undefined && !isEstimate(found)),
  };
  return {
    day,
    mealCount: meals.length,
    recorded,
    estimated,
    total: sum([recorded, estimated]),
    estimates: Object.values(missing).every((ids) => ids.length === 0) ? "complete" : "partial",
    ...missing,
  };
}

/** Two meals added at the same moment may pass the day's ceiling, so every page is read. */
async function wholeDay(meals: MealStore, userId: string, day: Day): Promise<readonly Meal[]> {
  const all: Meal[] = [];
  let after: readonly string[] | undefined;
  do {
    const page = await meals.listOn(userId, day, { limit: mealsPerDayMax, after });
    all.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return all;
}

/** Weighed items beat words: a description beside them is a note, or it would count twice. */
function textToEstimate(meal: Meal): string | undefined {
  return meal.items.length === 0 ? meal.description : undefined;
}
