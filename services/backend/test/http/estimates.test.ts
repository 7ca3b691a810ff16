// What words amount to over HTTP, and what else they may mean.
import { describe, expect, it } from "@jest/globals";
import { alwaysEstimates, noEstimate, registered, testApp } from "../world/app.js";
import type { Estimate } from "../../src/domain/estimates.js";
import { noNutrients } from "../../src/domain/nutrients.js";

const candidateOf = (id: string, confidence: number) => ({
  food: { id, name: id, source: "test" },
  confidence,
});
const three = [candidateOf("oats", 0.8), candidateOf("rice", 0.1), candidateOf("rye", 0.05)];
const nutrients = { ...noNutrients, kcal: 350 };
const item = { ...candidateOf("oats", 0.8), grams: 90, nutrients, text: "porridge" };
const porridge: Estimate = {
  ...noEstimate,
  items: [{ ...item, candidates: three }],
  unknown: ["zzz"],
  guesses: [{ text: "zzz", candidates: three }],
  total: nutrients,
};

async function asked(estimator: ReturnType<typeof alwaysEstimates> | undefined, body: object) {
  const app = testApp({ ports: { ...(estimator && { estimator }) } });
  const { headers } = await registered(app);
  const response = await app.agent.post("/api/estimates").set(headers).send(body);
  return { status: response.status, body: response.body as unknown };
}

describe("an estimate", () => {
  it.each([0, 1, 2, 3])("lists_the_%i_likeliest_foods_where_asked_to", async (candidates) => {
    const { status, body } = await asked(alwaysEstimates(porridge), { text: "x", candidates });
    const likeliest = three.slice(0, candidates);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...porridge,
      items: [{ ...item, candidates: likeliest }],
      guesses: [{ text: "zzz", candidates: likeliest }],
    });
  });

  it("lists_no_candidates_where_nobody_asks_for_them", async () => {
    const { body } = await asked(alwaysEstimates(porridge), { text: "porridge and zzz" });
    expect(body).toMatchObject({ items: [{ candidates: [] }], guesses: [{ candidates: [] }] });
  });

  it("that_cannot_be_had_is_unavailable", async () => {
    const { status, body } = await asked(undefined, { text: "porridge" });
    expect(status).toBe(503);
    expect(body).toMatchObject({ error: { code: "unavailable" } });
  });

  it("of_words_that_nobody_can_estimate_says_why", async () => {
    const { status, body } = await asked(alwaysEstimates({ unreadable: "too much" }), {
      text: "porridge",
    });
    expect(status).toBe(400);
    const details = [{ path: "body.text", message: "too much" }];
    expect(body).toMatchObject({ error: { code: "invalid_request", details } });
  });

  it.each([
    ["body.candidates", { text: "porridge", candidates: 4 }],
    ["body.candidates", { text: "porridge", candidates: -1 }],
    ["body.candidates", { text: "porridge", candidates: 1.5 }],
    ["body.candidates", { text: "porridge", candidates: "3" }],
    ["body.text", { text: "  " }],
    ["body.text", { text: "x".repeat(1001) }],
    ["body.text", { text: "egg \ud800" }],
    ["body.text", { candidates: 1 }],
    ["body", { text: "porridge", top: 3 }],
  ])("is_refused_when_%s_is_wrong", async (path, sent) => {
    const { status, body } = await asked(alwaysEstimates(porridge), sent);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { details: [{ path }] } });
  });

  it("is_for_users", async () => {
    await testApp().agent.post("/api/estimates").send({ text: "porridge" }).expect(401);
  });
});
