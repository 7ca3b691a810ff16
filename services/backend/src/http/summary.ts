// The endpoint for a day in numbers.
import { summarise } from "../domain/summary.js";
import { endpoint } from "./endpoint.js";
import { estimateCall } from "./estimates.js";
import * as schemas from "./schemas.js";

export const summaryEndpoints = [
  endpoint({
    method: "get",
    path: "/api/summary",
    operation: "summarise",
    summary: "Add up a day; estimates stand in for meals that were only described",
    access: "user",
    status: 200,
    refusals: [400, 401, 429, 503],
    query: schemas.summaryQuery,
    answer: schemas.summary,
    handle: async ({ query, caller, requestId, deadline }, services) => {
      const call = estimateCall(caller.user.id, requestId, deadline, services.nowMs);
      const summary = await summarise(services, caller.user.id, query.date, call);
      return {
        date: summary.day,
        meal_count: summary.mealCount,
        recorded: summary.recorded,
        estimated: summary.estimated,
        total: summary.total,
        estimates: summary.estimates,
        unestimated_meal_ids: [...summary.unestimatedMealIds],
        partly_estimated_meal_ids: [...summary.partlyEstimatedMealIds],
        unreadable_meal_ids: [...summary.unreadableMealIds],
      };
    },
  }),
];
