// A day in numbers over HTTP, with and without estimates.
import { describe, expect, it } from "@jest/globals";
import type { EstimateCall } from "../../src/domain/estimates.js";
import { noNutrients } from "../../src/domain/nutrients.js";
import {
  alwaysEstimates,
  estimateOf,
  oats,
  registered,
  testApp,
  type TestApp,
} from "../world/app.js";

const date = "2026-11-23";
const soup = { ...noNutrients, kcal: 120, protein_g: 5 };

async function dayWithOatsAndSoup(app: TestApp) {
  const { headers } = await registered(app);
  const food = await app.agent.post("/api/foods").set(headers).send(oats).expect(201);
  const items = [{ food_id: (food.body as { id: string }).id, grams: 50 }];
  const send = (body: object) => app.agent.post("/api/meals").set(headers).send(body).expect(201);
  await send({ eaten_on: date, items });
  const described = await send({ eaten_on: date, description: "tomato soup" });
  return { headers, describedId: (described.body as { id: string }).id };
}

describe("a summary", () => {
  it("adds_estimates_to_what_was_weighed", async () => {
    const estimator = alwaysEstimates(estimateOf(soup));
    const app = testApp({ ports: { estimator } });
    const { headers } = await dayWithOatsAndSoup(app);
    const response = await app.agent.get("/api/summary").query({ date }).set(headers).expect(200);
    const recorded = {
      kcal: 194.5,
      protein_g: 8.45,
      carbohydrate_g: 33.14,
      fat_g: 3.45,
      fibre_g: 5.3,
    };
    expect(response.body).toEqual({
      date,
      meal_count: 2,
      recorded,
      estimated: soup,
      total: { ...recorded, kcal: 314.5, protein_g: 13.45 },
      estimates: "complete",
      unestimated_meal_ids: [],
      partly_estimated_meal_ids: [],
      unreadable_meal_ids: [],
    });
  });

  it("still_answers_without_estimates_and_says_what_is_missing", async () => {
    const app = testApp();
    const { headers, describedId } = await dayWithOatsAndSoup(app);
    const response = await app.agent.get("/api/summary").query({ date }).set(headers).expect(200);
    expect(response.body).toMatchObject({
      estimated: noNutrients,
      total: { kcal: 194.5 },
      estimates: "partial",
      unestimated_meal_ids: [describedId],
    });
  });

  it("hands_its_request_id_and_deadline_to_the_estimator", async () => {
    const calls: EstimateCall[] = [];
    const estimator = {
      estimate: (_text: string, call: EstimateCall) => {
        calls.push(call);
        // Over as soon as the answer is out.
        expect(call.signal.aborted).toBe(false);
        return Promise.resolve(undefined);
      },
    };
    const app = testApp({ ports: { estimator } });
    const { headers } = await dayWithOatsAndSoup(app);
    const sent = { ...headers, "x-request-id": "trace-1" };
    await app.agent.get("/api/summary").query({ date }).set(sent).expect(200);
    expect(calls).toMatchObject([{ requestId: "trace-1" }]);
  });

  it("of_an_empty_day_is_zero", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/summary").query({ date }).set(headers).expect(200);
    expect(response.body).toMatchObject({
      meal_count: 0,
      total: noNutrients,
      estimates: "complete",
    });
  });

  it("needs_a_day", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    await app.agent.get("/api/summary").set(headers).expect(400);
  });
});
