// A month that could have been: every day the same again, nothing impossible, nobody without meals.
import { describe, expect, it } from "@jest/globals";
import type { Day } from "../src/domain/day.js";
import { demoDays, demoMonth, demoPeople } from "../src/demo.js";

const today = "2026-11-27" as Day;

describe("the demo month", () => {
  it("is_the_same_each_time_and_overlaps_with_that_of_the_next_day", () => {
    for (const person of demoPeople) {
      const month = demoMonth(person, today);
      expect(demoMonth(person, today)).toEqual(month);
      const next = new Set(demoMonth(person, "2026-11-28" as Day).map(({ id }) => id));
      const gone = month.filter(({ id }) => !next.has(id));
      expect(new Set(gone.map(({ eatenOn }) => eatenOn))).toEqual(new Set(["2026-10-29"]));
    }
  });

  it("has_meals_on_nearly_every_day_and_no_name_twice", () => {
    const all = demoPeople.flatMap((person) => demoMonth(person, today));
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const person of demoPeople) {
      const days = new Set(demoMonth(person, today).map(({ eatenOn }) => eatenOn));
      expect(days.size).toBeGreaterThan(demoDays - 4);
    }
  });

  it("is_weighed_told_or_both", () => {
    const shares = demoPeople.map((person) => {
      const month = demoMonth(person, today);
      const told = month.filter(({ description }) => description !== undefined).length;
      return told / month.length;
    });
    expect(shares[0]).toBeGreaterThan(0.2);
    expect(shares.slice(1)).toEqual([0, 1]);
    const grams = demoPeople.flatMap((it) => demoMonth(it, today)).flatMap((it) => it.items);
    for (const item of grams) expect(item.grams).toBeGreaterThan(6);
  });
});
