// Endpoints for meals.
import { createMeal, deleteMeal, type Meal } from "../domain/meals.js";
import { cursorOf, pageRequest } from "./cursor.js";
import { endpoint } from "./endpoint.js";
import { foodAnswer } from "./foods.js";
import * as schemas from "./schemas.js";

export const mealEndpoints = [
  endpoint({
    method: "get",
    path: "/api/meals",
    operation: "listMeals",
    summary: "List the meals of a day, in the order they were written down",
    access: "user",
    status: 200,
    refusals: [400, 401, 429, 503],
    query: schemas.mealQuery,
    answer: schemas.mealPage,
    handle: async ({ query, caller }, { meals }) => {
      const page = await meals.listOn(caller.user.id, query.date, pageRequest("meal", query));
      return { items: page.items.map(mealAnswer), next_cursor: cursorOf(page.next) };
    },
  }),
  endpoint({
    method: "post",
    path: "/api/meals",
    operation: "createMeal",
    summary: "Write down a meal: weighed foods, a description, or both",
    access: "user",
    status: 201,
    refusals: [400, 401, 409, 429, 503],
    body: schemas.newMeal,
    answer: schemas.meal,
    handle: async ({ body, caller }, services) => {
      const items = body.items.map((item) => ({ foodId: item.food_id, grams: item.grams }));
      const meal = { eatenOn: body.eaten_on, description: body.description, items };
      return mealAnswer(await createMeal(services, caller.user.id, meal));
    },
  }),
  endpoint({
    method: "delete",
    path: "/api/meals/:id",
    operation: "deleteMeal",
    summary: "Delete a meal",
    access: "user",
    status: 204,
    refusals: [400, 401, 404, 429, 503],
    params: schemas.byId,
    handle: ({ params, caller }, { meals }) => deleteMeal(meals, caller.user.id, params.id),
  }),
];

function mealAnswer(meal: Meal) {
  return {
    id: meal.id,
    eaten_on: meal.eatenOn,
    description: meal.description ?? null,
    items: meal.items.map((item) => ({ food: foodAnswer(item.food), grams: item.grams })),
    created_at: meal.createdAt.toISOString(),
  };
}
