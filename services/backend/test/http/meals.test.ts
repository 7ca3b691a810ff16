// Meals over HTTP.
import { describe, expect, it } from "@jest/globals";
import { oats, registered, testApp, type LoggedIn, type TestApp } from "../world/app.js";

const date = "2026-11-23";

async function addFood({ agent }: TestApp, { headers }: LoggedIn): Promise<string> {
  const response = await agent.post("/api/foods").set(headers).send(oats).expect(201);
  return (response.body as { id: string }).id;
}

describe("meals", () => {
  it("are_written_down_listed_and_deleted", async () => {
    const app = testApp();
    const user = await registered(app);
    const food_id = await addFood(app, user);
    const body = { eaten_on: date, description: "breakfast", items: [{ food_id, grams: 40 }] };
    const added = await app.agent.post("/api/meals").set(user.headers).send(body).expect(201);
    const meal = added.body as { id: string };
    expect(meal).toEqual({
      id: meal.id,
      eaten_on: date,
      description: "breakfast",
      items: [{ food: { id: food_id, source: "user", owned: true, ...oats }, grams: 40 }],
      created_at: expect.stringMatching(/Z$/),
    });

    const list = () => app.agent.get("/api/meals").query({ date }).set(user.headers).expect(200);
    expect((await list()).body).toEqual({ items: [meal], next_cursor: null });
    await app.agent.delete(`/api/meals/${meal.id}`).set(user.headers).expect(204, "");
    expect((await list()).body).toEqual({ items: [], next_cursor: null });
    await app.agent.delete(`/api/meals/${meal.id}`).set(user.headers).expect(404);
  });

  it("name_foods_by_ids_in_small_letters_or_capitals", async () => {
    const app = testApp();
    const user = await registered(app);
    const food_id = (await addFood(app, user)).toUpperCase();
    const body = { eaten_on: date, items: [{ food_id, grams: 40 }] };
    await app.agent.post("/api/meals").set(user.headers).send(body).expect(201);
    await app.agent.get(`/api/foods/${food_id}`).set(user.headers).expect(200);
  });

  it.each(["0000-01-01T00:00:00.000Z", "2026-11-23T00:00:00Z", "10000-01-01T00:00:00.000Z"])(
    "are_not_listed_after_%s_which_no_answer_said",
    async (time) => {
      const app = testApp();
      const { headers } = await registered(app);
      const position = [time, "5eed0000-0000-4000-8000-000000000000"];
      const cursor = Buffer.from(JSON.stringify(position)).toString("base64url");
      await app.agent.get("/api/meals").query({ date, cursor }).set(headers).expect(400);
    },
  );

  it("are_listed_page_by_page", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    for (const description of ["one", "two", "three"]) {
      const body = { eaten_on: date, description };
      await app.agent.post("/api/meals").set(headers).send(body).expect(201);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { date, limit: 2, ...(cursor !== undefined && { cursor }) };
      const response = await app.agent.get("/api/meals").query(query).set(headers).expect(200);
      const page = response.body as { items: { id: string }[]; next_cursor: string | null };
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(3);
  });

  it("cannot_be_made_of_unknown_foods", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const food_id = "5eed0000-0000-4000-8000-000000000000";
    const body = { eaten_on: date, items: [{ food_id, grams: 1 }] };
    const response = await app.agent.post("/api/meals").set(headers).send(body).expect(400);
    expect(response.body).toMatchObject({
      error: {
        code: "unknown_food",
        details: [{ path: "body.items.0.food_id", message: `unknown food \`${food_id}\`` }],
      },
    });
  });

  it.each([
    ["nothing in it", { eaten_on: date }],
    ["a day that is not in the calendar", { eaten_on: "2026-02-30", description: "x" }],
    ["a blank description", { eaten_on: date, description: " " }],
    [
      "weightless items",
      { eaten_on: date, items: [{ food_id: "5eed0000-0000-4000-8000-000000000000", grams: 0 }] },
    ],
  ])("cannot_have_%s", async (_what, body) => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.post("/api/meals").set(headers).send(body).expect(400);
    expect(response.body).toMatchObject({ error: { code: "invalid_request" } });
  });

  it("are_listed_for_one_day_that_must_be_named", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    await app.agent.get("/api/meals").set(headers).expect(400);
    await app.agent.get("/api/meals").query({ date: "today" }).set(headers).expect(400);
  });
});
