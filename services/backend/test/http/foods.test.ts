// Foods over HTTP.
import { describe, expect, it } from "@jest/globals";
import { oats, registered, testApp } from "../world/app.js";

describe("foods", () => {
  it("are_added_and_read_back", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const added = await app.agent.post("/api/foods").set(headers).send(oats).expect(201);
    const food = added.body as { id: string };
    expect(food).toEqual({ id: food.id, source: "user", owned: true, ...oats });
    const read = await app.agent.get(`/api/foods/${food.id}`).set(headers).expect(200);
    expect(read.body).toEqual(food);
  });

  it("of_somebody_else_are_not_there", async () => {
    const app = testApp();
    const [owner, stranger] = [await registered(app), await registered(app)];
    const added = await app.agent.post("/api/foods").set(owner.headers).send(oats).expect(201);
    const { id } = added.body as { id: string };
    const response = await app.agent.get(`/api/foods/${id}`).set(stranger.headers).expect(404);
    expect(response.body).toMatchObject({
      error: { code: "food_not_found", message: `cannot find food \`${id}\`` },
    });
  });

  it("are_searched_page_by_page", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    for (const name of ["Oat bread", "Oat milk", "Oats", "Rye"]) {
      await app.agent
        .post("/api/foods")
        .set(headers)
        .send({ ...oats, name })
        .expect(201);
    }
    const query = { q: "oat", limit: "2" };
    const first = await app.agent.get("/api/foods").query(query).set(headers).expect(200);
    const { items, next_cursor } = first.body as { items: { name: string }[]; next_cursor: string };
    expect(items.map(({ name }) => name)).toEqual(["Oat bread", "Oat milk"]);
    const second = await app.agent
      .get("/api/foods")
      .query({ ...query, cursor: next_cursor })
      .set(headers)
      .expect(200);
    expect(second.body).toMatchObject({ items: [{ name: "Oats" }], next_cursor: null });
  });

  it("with_the_longest_names_have_a_next_page", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const names = ["\u0001", "\uffff", "😀"].flatMap((letter) => {
      const name = letter.repeat(200 / letter.length);
      return [`a${name.slice(2)}`, `b${name.slice(2)}`];
    });
    for (const name of names)
      await app.agent
        .post("/api/foods")
        .set(headers)
        .send({ ...oats, name })
        .expect(201);
    let cursor: string | null | undefined;
    let seen = 0;
    do {
      const query = { limit: "1", ...(cursor !== undefined && { cursor }) };
      const page = await app.agent.get("/api/foods").query(query).set(headers).expect(200);
      ({ next_cursor: cursor } = page.body as { next_cursor: string | null });
      seen += 1;
    } while (cursor !== null);
    expect(seen).toBe(names.length);
  });

  it("are_not_searched_with_words_that_nobody_agreed_on", async () => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/foods?colour=grey").set(headers).expect(400);
    expect(response.body).toMatchObject({ error: { details: [{ path: "query" }] } });
  });

  it.each([
    { limit: "0" },
    { limit: "101" },
    { limit: "many" },
    { limit: "" },
    { limit: "0x10" },
    { limit: "1e1" },
    { limit: " 5" },
    { limit: "+5" },
    { limit: "05" },
    { limit: ["1", "2"] },
    { cursor: "made up" },
    { cursor: "bWFkZSB1cA" },
    { cursor: Buffer.from('["a","b"]').toString("base64url") },
    {
      cursor: Buffer.from('["\\u0000","5eed0000-0000-4000-8000-000000000000"]').toString(
        "base64url",
      ),
    },
    { q: "x".repeat(101) },
    { q: "a\0b" },
  ])("cannot_be_searched_with_%j", async (query) => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.get("/api/foods").query(query).set(headers).expect(400);
    expect(response.body).toMatchObject({
      error: {
        code: "invalid_request",
        details: [{ path: `query.${Object.keys(query).join("")}` }],
      },
    });
  });

  it.each([
    ["body.name", { ...oats, name: " " }],
    ["body.name", { ...oats, name: "Oa\0ts" }],
    ["body.per_100g.kcal", { ...oats, per_100g: { ...oats.per_100g, kcal: -1 } }],
    ["body.per_100g.fat_g", { ...oats, per_100g: { ...oats.per_100g, fat_g: 1e6 } }],
    ["body.per_100g", { name: "Oats" }],
    ["body.per_100g.kcal", { ...oats, per_100g: { ...oats.per_100g, kcal: 911 } }],
    ["body.per_100g", { ...oats, per_100g: { ...oats.per_100g, fat_g: 30 } }],
    ["body.per_100g", { ...oats, per_100g: { ...oats.per_100g, fibre_g: 90 } }],
    ["body.name", { ...oats, name: "Oa\ud800ts" }],
    ["body", { ...oats, colour: "grey" }],
    ["body.per_100g", { ...oats, per_100g: { ...oats.per_100g, salt_g: 1 } }],
  ])("are_not_added_when_%s_is_wrong", async (path, body) => {
    const app = testApp();
    const { headers } = await registered(app);
    const response = await app.agent.post("/api/foods").set(headers).send(body).expect(400);
    expect(response.body).toMatchObject({ error: { details: [{ path }] } });
  });
});
