// What is true of every store, whether it remembers in Postgres or in memory.
import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { refreshSeconds, type SessionStore } from "../../src/domain/sessions.js";
import type { Day } from "../../src/domain/day.js";
import type { Food } from "../../src/domain/foods.js";
import type { Stores } from "../world/memory.js";

const day = "2026-11-23" as Day;
const nextDay = "2026-11-24" as Day;
const per100g = { kcal: 389, protein_g: 16.89, carbohydrate_g: 66.27, fat_g: 6.9, fibre_g: 10.6 };
const whole = { limit: 100, after: undefined };

export function storeFacts(stores: () => Stores): void {
  const newUser = async () => {
    const user = await stores().users.add(`${randomUUID()}@nutri.example`, "hash");
    if (user === undefined) throw new Error("the email was taken");
    return user;
  };
  const addFood = (ownerId: string, name: string): Promise<Food> =>
    stores().foods.add(ownerId, { name, per100g, source: "user" });

  it("finds_a_user_by_email_and_by_id", async () => {
    const user = await newUser();
    expect(await stores().users.findByEmail(user.email)).toEqual({ user, passwordHash: "hash" });
    expect(await stores().users.findById(user.id)).toEqual(user);
  });

  it("knows_no_user_that_was_never_added", async () => {
    expect(await stores().users.findByEmail("nobody@nutri.example")).toBeUndefined();
    expect(await stores().users.findById(randomUUID())).toBeUndefined();
  });

  it("replaces_a_password_hash_only_where_it_is_still_the_old_one", async () => {
    const { id, email } = await newUser();
    expect(await stores().users.replacePasswordHash(id, "hash", "new")).toBe(true);
    expect(await stores().users.replacePasswordHash(id, "hash", "newer")).toBe(false);
    expect((await stores().users.findByEmail(email))?.passwordHash).toBe("new");
  });

  it("gives_an_email_to_one_user_only", async () => {
    const { email } = await newUser();
    expect(await stores().users.add(email, "other")).toBeUndefined();
  });

  it("returns_a_food_as_it_was_added", async () => {
    const owner = await newUser();
    const food = await addFood(owner.id, "Oats");
    expect(food).toEqual({ id: food.id, ownerId: owner.id, name: "Oats", source: "user", per100g });
    expect(await stores().foods.findVisible(owner.id, [food.id, randomUUID()])).toEqual([food]);
  });

  it("shows_shared_foods_to_everybody_and_own_foods_to_their_owner", async () => {
    const [owner, stranger] = [await newUser(), await newUser()];
    const word = randomUUID();
    const own = await addFood(owner.id, `b ${word}`);
    const shared = await stores().addShared({ name: `a ${word}`, source: "test", per100g });
    const seenBy = async (userId: string) =>
      (await stores().foods.search(userId, word, whole)).items.map(({ id }) => id);
    expect(await seenBy(owner.id)).toEqual([shared.id, own.id]);
    expect(await seenBy(stranger.id)).toEqual([shared.id]);
  });

  it("searches_for_the_letters_whatever_their_case_and_meaning_elsewhere", async () => {
    const owner = await newUser();
    const word = randomUUID();
    await addFood(owner.id, `Milk 3.5% ${word}`);
    await addFood(owner.id, `Milk 35 ${word}`);
    const found = async (words: string) =>
      (await stores().foods.search(owner.id, words, whole)).items.length;
    expect(await found(`milk 3.5% ${word}`)).toBe(1);
    expect(await found(`milk 35_${word}`)).toBe(0);
    expect(await found(`\\${word}`)).toBe(0);
  });

  it("pages_through_foods_without_losing_or_repeating_one", async () => {
    const owner = await newUser();
    const word = randomUUID();
    // Equal names: only the id keeps their order.
    for (const name of ["b", "a", "b", "c", "b"]) await addFood(owner.id, `${name} ${word}`);
    const seen: Food[] = [];
    let after: readonly string[] | undefined;
    do {
      const page = await stores().foods.search(owner.id, word, { limit: 2, after });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    expect(seen.map(({ name }) => name[0])).toEqual(["a", "b", "b", "b", "c"]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
  });

  it("returns_a_meal_with_its_items_in_the_order_given", async () => {
    const user = await newUser();
    const foods = [await addFood(user.id, "z"), await addFood(user.id, "a")] as const;
    const items = [
      { foodId: foods[0].id, grams: 12.5 },
      { foodId: foods[1].id, grams: 200 },
    ];
    const meal = await stores().meals.add(user.id, { eatenOn: day, description: undefined, items });
    expect(meal.items).toEqual([
      { food: foods[0], grams: 12.5 },
      { food: foods[1], grams: 200 },
    ]);
    expect(await stores().meals.listOn(user.id, day, whole)).toEqual({
      items: [meal],
      next: undefined,
    });
  });

  it("keeps_days_and_users_apart", async () => {
    const [user, other] = [await newUser(), await newUser()];
    const described = { description: "porridge", items: [] };
    await stores().meals.add(user.id, { eatenOn: day, ...described });
    await stores().meals.add(user.id, { eatenOn: nextDay, ...described });
    await stores().meals.add(other.id, { eatenOn: day, ...described });
    expect(await stores().meals.countOn(user.id, day)).toBe(1);
    expect((await stores().meals.listOn(user.id, nextDay, whole)).items).toHaveLength(1);
  });

  it("pages_through_the_meals_of_a_day", async () => {
    const user = await newUser();
    const added = [];
    for (const description of ["one", "two", "three"]) {
      added.push(await stores().meals.add(user.id, { eatenOn: day, description, items: [] }));
    }
    const first = await stores().meals.listOn(user.id, day, { limit: 2, after: undefined });
    const second = await stores().meals.listOn(user.id, day, { limit: 2, after: first.next });
    expect(second.next).toBeUndefined();
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    expect(new Set(seen)).toEqual(new Set(added.map(({ id }) => id)));
    expect(seen).toHaveLength(3);
  });

  it("removes_a_meal_for_its_eater_only", async () => {
    const [user, other] = [await newUser(), await newUser()];
    const food = await addFood(user.id, "a");
    const items = [{ foodId: food.id, grams: 1 }];
    const meal = await stores().meals.add(user.id, { eatenOn: day, description: undefined, items });
    expect(await stores().meals.remove(other.id, meal.id)).toBe(false);
    expect(await stores().meals.remove(user.id, meal.id)).toBe(true);
    expect(await stores().meals.remove(user.id, meal.id)).toBe(false);
  });
}

/** What is true of every store of sessions. */
export function sessionFacts(sessions: () => SessionStore): void {
  it("passes_a_session_on_from_token_to_token", async () => {
    const [user, id] = [randomUUID(), randomUUID()];
    await sessions().open(user, id, "first");
    expect(await sessions().rotate(user, id, "first", "second")).toBe("rotated");
    expect(await sessions().rotate(user, id, "second", "third")).toBe("rotated");
    expect(await sessions().hasEnded(user, id)).toBe(false);
  });

  it("ends_a_session_whose_token_comes_back", async () => {
    const [user, id, other] = [randomUUID(), randomUUID(), randomUUID()];
    await sessions().open(user, id, "first");
    await sessions().open(user, other, "other");
    await sessions().rotate(user, id, "first", "second");
    await sessions().rotate(user, id, "second", "third");
    expect(await sessions().rotate(user, id, "first", "stolen")).toBe("reused");
    expect(await sessions().rotate(user, id, "third", "fourth")).toBe("unknown");
    expect(await sessions().hasEnded(user, id)).toBe(true);
    expect(await sessions().rotate(user, other, "other", "next")).toBe("rotated");
  });

  it("knows_no_session_of_somebody_else", async () => {
    const [user, id] = [randomUUID(), randomUUID()];
    await sessions().open(user, id, "first");
    expect(await sessions().rotate(randomUUID(), id, "first", "second")).toBe("unknown");
    expect(await sessions().rotate(user, randomUUID(), "first", "second")).toBe("unknown");
    expect(await sessions().rotate(user, id, "first", "second")).toBe("rotated");
  });

  it("ends_one_session_or_all_of_a_user", async () => {
    const [user, one, two, three] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    for (const id of [one, two, three]) await sessions().open(user, id, "first");
    await sessions().end(user, one);
    expect(await sessions().hasEnded(user, one)).toBe(true);
    expect(await sessions().hasEnded(user, two)).toBe(false);
    await sessions().endAll(user);
    for (const id of [two, three]) {
      expect(await sessions().hasEnded(user, id)).toBe(true);
      expect(await sessions().rotate(user, id, "first", "second")).toBe("unknown");
    }
  });

  it("takes_a_token_again_whose_successor_was_never_used", async () => {
    const [user, id] = [randomUUID(), randomUUID()];
    await sessions().open(user, id, "first");
    for (const lost of ["a", "b"])
      expect(await sessions().rotate(user, id, "first", lost)).toBe("rotated");
    expect(await sessions().rotate(user, id, "first", "second")).toBe("rotated");
    expect(await sessions().rotate(user, id, "second", "third")).toBe("rotated");
    expect(await sessions().rotate(user, id, "first", "stolen")).toBe("reused");
  });

  it("ends_for_both_when_two_have_a_token_and_go_on", async () => {
    const [user, id] = [randomUUID(), randomUUID()];
    await sessions().open(user, id, "first");
    const ask = (next: string) => sessions().rotate(user, id, "first", next);
    await Promise.all([ask("a"), ask("b")]);
    const next = async (from: string) => sessions().rotate(user, id, from, `${from}${from}`);
    // The one that came first was replaced by the other.
    expect(await next("a")).toBe("reused");
    expect(await next("b")).toBe("unknown");
    expect(await sessions().hasEnded(user, id)).toBe(true);
  });
}

/** What is true of a store of sessions as time goes by. */
export function sessionTimes(storeAt: (now: () => Date) => SessionStore): void {
  it("forgets_what_was_idle_for_too_long", async () => {
    let now = new Date("2026-11-23T12:00:00Z");
    const sessions = storeAt(() => now);
    const [user, id] = [randomUUID(), randomUUID()];
    await sessions.open(user, id, "first");
    now = new Date(now.getTime() + refreshSeconds * 1000 - 1);
    expect(await sessions.rotate(user, id, "first", "second")).toBe("rotated");
    now = new Date(now.getTime() + refreshSeconds * 1000 + 1);
    expect(await sessions.rotate(user, id, "second", "third")).toBe("unknown");
  });

  it("keeps_twenty_sessions_of_a_user_and_ends_the_one_that_was_idle_longest", async () => {
    let ms = Date.parse("2026-11-23T12:00:00Z");
    const sessions = storeAt(() => new Date(ms++));
    const user = randomUUID();
    const ids = Array.from({ length: 21 }, () => randomUUID());
    for (const id of ids) await sessions.open(user, id, "first");
    const [first = "", second = ""] = ids;
    expect(await sessions.rotate(user, first, "first", "second")).toBe("unknown");
    expect(await sessions.hasEnded(user, first)).toBe(true);
    expect(await sessions.rotate(user, second, "first", "second")).toBe("rotated");
  });
}
