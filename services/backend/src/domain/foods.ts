// What can be eaten: shared foods, and those a user added for themselves.
import type { Nutrients } from "./nutrients.js";
import type { Page, PageRequest } from "./page.js";
import { Refusal } from "./refusal.js";

export interface Food {
  readonly id: string;
  /** Undefined for foods that everybody sees. */
  readonly ownerId: string | undefined;
  readonly name: string;
  readonly source: string;
  readonly per100g: Nutrients;
}

export interface NewFood {
  readonly name: string;
  readonly per100g: Nutrients;
}

export interface FoodStore {
  add(ownerId: string, food: NewFood & { readonly source: string }): Promise<Food>;
  /** Shared foods and the user's own, in order of name. */
  search(userId: string, words: string, page: PageRequest): Promise<Page<Food>>;
  /** Those of the named foods that the user may see, in any order. */
  findVisible(userId: string, ids: readonly string[]): Promise<readonly Food[]>;
}

export function createFood(foods: FoodStore, ownerId: string, food: NewFood): Promise<Food> {
  return foods.add(ownerId, { ...food, source: "user" });
}

export async function readFood(foods: FoodStore, userId: string, id: string): Promise<Food> {
  const [food] = await foods.findVisible(userId, [id]);
  if (food === undefined) {
    throw new Refusal("not_found", "food_not_found", `cannot find food \`${id}\``);
  }
  return food;
}
