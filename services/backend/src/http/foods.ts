// Endpoints for foods.
import { createFood, readFood, type Food } from "../domain/foods.js";
import { cursorOf, pageRequest } from "./cursor.js";
import { endpoint } from "./endpoint.js";
import * as schemas from "./schemas.js";

export const foodEndpoints = [
  endpoint({
    method: "get",
    path: "/api/foods",
    operation: "searchFoods",
    summary: "Search shared foods and one's own, in order of name",
    access: "user",
    status: 200,
    refusals: [400, 401, 429, 503],
    query: schemas.foodQuery,
    answer: schemas.foodPage,
    handle: async ({ query, caller }, { foods }) => {
      const page = await foods.search(caller.user.id, query.q, pageRequest("food", query));
      return { items: page.items.map(foodAnswer), next_cursor: cursorOf(page.next) };
    },
  }),
  endpoint({
    method: "post",
    path: "/api/foods",
    operation: "createFood",
    summary: "Add a food that only its maker sees",
    access: "user",
    status: 201,
    refusals: [400, 401, 429, 503],
    body: schemas.newFood,
    answer: schemas.food,
    handle: async ({ body, caller }, { foods }) => {
      const food = { name: body.name, per100g: body.per_100g };
      return foodAnswer(await createFood(foods, caller.user.id, food));
    },
  }),
  endpoint({
    method: "get",
    path: "/api/foods/:id",
    operation: "readFood",
    summary: "Read one food",
    access: "user",
    status: 200,
    refusals: [400, 401, 404, 429, 503],
    params: schemas.byId,
    answer: schemas.food,
    handle: async ({ params, caller }, { foods }) =>
      foodAnswer(await readFood(foods, caller.user.id, params.id)),
  }),
];

export function foodAnswer(food: Food) {
  return {
    id: food.id,
    name: food.name,
    source: food.source,
    owned: food.ownerId !== undefined,
    per_100g: food.per100g,
  };
}
