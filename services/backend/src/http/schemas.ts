// The shapes on the wire, once: they check requests, shape responses and make the OpenAPI
// document. Names are in snake case, as in the ML service.
import { z } from "zod";
import { parseDay, type Day } from "../domain/day.js";

// A ceiling for every number that reaches a numeric(8, 2) column.
const amountMax = 100_000;
// Longer than the position after the longest name, each letter of which may be escaped.
const cursorChars = /^[\w-]{1,2048}$/;

// Half a letter of two halves is no text: it would come back as something else.
const wellFormed = z
  .string()
  .refine((it) => !/\p{Surrogate}/u.test(it), "must not hold half a character");

// Postgres cannot keep a NUL in a text, so nobody may send one.
export const text = wellFormed.refine((it) => !it.includes("\0"), "must not hold a NUL character");

const amount = z.number().min(0);
const gramsOf100 = z.number().min(0).max(100);
const positiveAmount = z.number().min(0.01).max(amountMax);

export const nutrients = z
  .object({
    kcal: amount,
    protein_g: amount,
    carbohydrate_g: amount,
    fat_g: amount,
    fibre_g: amount,
  })
  .meta({ id: "Nutrients" });

// Pure fat has 902; the rest is for those who round.
const kcalOf100Max = 910;
// What is left of 100 g after rounding each part.
const partsOf100Max = 101;

/** What a food can hold: no 100 g of anything hold more than 100 g. */
const newNutrients = z
  .strictObject({
    kcal: z.number().min(0).max(kcalOf100Max),
    protein_g: gramsOf100,
    carbohydrate_g: gramsOf100,
    fat_g: gramsOf100,
    fibre_g: gramsOf100,
  })
  .refine(({ protein_g, carbohydrate_g, fat_g, fibre_g }) => {
    // One part that is too much by itself is told by its own name.
    if (Math.max(protein_g, carbohydrate_g, fat_g, fibre_g) > 100) return true;
    // Labels count fibre as carbohydrate or beside it; there is at least the larger of both.
    return protein_g + Math.max(carbohydrate_g, fibre_g) + fat_g <= partsOf100Max;
  }, "must not hold more than 100 g of protein, carbohydrate or fibre, and fat in 100 g")
  .meta({ id: "NewNutrients" });

export const totals = z
  .object({
    kcal: z.number(),
    protein_g: z.number(),
    carbohydrate_g: z.number(),
    fat_g: z.number(),
    fibre_g: z.number(),
  })
  .meta({ id: "Totals" });

export const day = z
  .string()
  .refine((text) => parseDay(text) !== undefined, "must be a day as YYYY-MM-DD")
  .transform((text) => text as Day)
  .meta({ type: "string", format: "date", example: "2026-11-23" });

const id = z.uuid();
// One food has one id, however it is written.
const givenId = z.uuid().toLowerCase();
export const byId = z.strictObject({ id: givenId });

const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email({ message: "must be an email address" }))
  .meta({ format: "email", pattern: z.regexes.email.source });

// The ceiling is far above any passphrase, and no burden to hash.
const newPassword = wellFormed.min(10).max(200);
const password = wellFormed.min(1).max(200);

export const registration = z
  .strictObject({
    email,
    password: newPassword,
  })
  .meta({ id: "Registration" });

export const registered = z.object({ status: z.literal("accepted") }).meta({ id: "Registered" });

export const login = z.strictObject({ email: text.max(254), password }).meta({ id: "Login" });

export const user = z
  .object({ id, email: z.string(), created_at: z.iso.datetime() })
  .meta({ id: "User" });

export const session = z
  .object({
    user,
    token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.int(),
    refresh_token: z.string().nullable(),
    refresh_expires_in: z.int().nullable(),
  })
  .meta({ id: "Session" });

export const refresh = z
  .strictObject({ refresh_token: z.string().regex(/^[\w.-]{1,200}$/, "must be a refresh token") })
  .meta({ id: "Refresh" });

export const passwordChange = z
  .strictObject({ current_password: password, new_password: newPassword })
  .meta({ id: "PasswordChange" });

const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(50)
    .meta({
      override: { type: "integer", minimum: 1, maximum: 100, default: 50, pattern: undefined },
    }),
  cursor: z
    .string()
    .regex(cursorChars, "must be a `next_cursor` from an earlier answer")
    .optional(),
});

export const foodQuery = pageQuery.extend({ q: text.trim().max(100).default("") });
export const mealQuery = pageQuery.extend({ date: day });
export const summaryQuery = z.strictObject({ date: day });

const foodName = text.trim().min(1).max(200);

export const newFood = z
  .strictObject({ name: foodName, per_100g: newNutrients })
  .meta({ id: "NewFood" });

export const food = z
  .object({
    id,
    name: z.string(),
    source: z.string(),
    owned: z.boolean(),
    per_100g: nutrients,
  })
  .meta({ id: "Food" });

const nextCursor = z.string().nullable();

export const foodPage = z
  .object({ items: z.array(food), next_cursor: nextCursor })
  .meta({ id: "FoodPage" });

const description = text.trim().min(1).max(1000);

export const newMeal = z
  .strictObject({
    eaten_on: day,
    description: description.optional(),
    items: z
      .array(z.strictObject({ food_id: givenId, grams: positiveAmount }))
      .max(50)
      .default([]),
  })
  .refine((meal) => meal.items.length > 0 || meal.description !== undefined, {
    message: "a meal needs `items`, a `description`, or both",
  })
  .meta({
    id: "NewMeal",
    anyOf: [
      { required: ["items"], properties: { items: { minItems: 1 } } },
      { required: ["description"] },
    ],
  });

export const meal = z
  .object({
    id,
    eaten_on: z.iso.date(),
    description: z.string().nullable(),
    items: z.array(z.object({ food, grams: z.number() })),
    created_at: z.iso.datetime(),
  })
  .meta({ id: "Meal" });

export const mealPage = z
  .object({ items: z.array(meal), next_cursor: nextCursor })
  .meta({ id: "MealPage" });

export const summary = z
  .object({
    date: z.iso.date(),
    meal_count: z.int(),
    recorded: totals,
    estimated: totals,
    total: totals,
    estimates: z.enum(["complete", "partial"]).meta({
      description: "`partial` where a described meal, or some of its words, is not in the numbers",
    }),
    unestimated_meal_ids: z
      .array(id)
      .meta({ description: "Meals without an estimate now; a later summary may have one" }),
    partly_estimated_meal_ids: z.array(id).meta({
      description: "Meals of which some words, or all of them, name no food that is known",
    }),
    unreadable_meal_ids: z.array(id).meta({
      description: "Meals that are never estimated, unless they are described in other words",
    }),
  })
  .meta({ id: "Summary" });

export const estimateRequest = z
  .strictObject({
    text: description,
    candidates: z
      .int()
      .min(0)
      .max(3)
      .default(0)
      .meta({ description: "How many of the likeliest foods are listed for each mention" }),
  })
  .meta({ id: "EstimateRequest" });

const share = z.number().min(0).max(1);
const estimatedFood = z
  .object({ id: z.string(), name: z.string(), source: z.string() })
  .meta({ id: "EstimatedFood" });
const candidates = z
  .array(z.object({ food: estimatedFood, confidence: share }))
  .max(3)
  .meta({ description: "The likeliest first; as many as were asked for, or fewer" });

export const estimate = z
  .object({
    items: z.array(
      z.object({
        food: estimatedFood,
        grams: amount,
        nutrients,
        confidence: share,
        text: z.string(),
        candidates,
      }),
    ),
    unknown: z.array(z.string()),
    guesses: z.array(z.object({ text: z.string(), candidates })),
    total: nutrients,
    confidence: share,
    model: z.string(),
  })
  .meta({ id: "Estimate" });

export const problem = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      request_id: z.string(),
      details: z.array(z.object({ path: z.string(), message: z.string() })),
    }),
  })
  .meta({ id: "Problem" });

export const check = z
  .object({
    status: z.enum(["healthy", "unhealthy", "unknown"]),
    latency_ms: z.number(),
    age_ms: z.number(),
    version: z.string().optional(),
  })
  .meta({ id: "Check" });

export const health = z
  .object({
    status: z.enum(["healthy", "degraded", "unhealthy"]),
    version: z.string(),
    release: z.string(),
    commit: z.string().optional(),
    timestamp: z.iso.datetime(),
    checks: z.object({ database: check, redis: check, ml_service: check }),
  })
  .meta({ id: "Health" });

export const liveness = z
  .object({ status: z.literal("live"), version: z.string() })
  .meta({ id: "Liveness" });

export const readiness = z
  .object({ status: z.enum(["ready", "draining", "unavailable"]), version: z.string() })
  .meta({ id: "Readiness" });
