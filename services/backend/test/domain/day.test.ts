// A day is in the calendar or it is no day.
import { describe, expect, it } from "@jest/globals";
import { dayOf, midnightOf, parseDay } from "../../src/domain/day.js";

describe("a day", () => {
  it.each(["2026-11-23", "2024-02-29", "0001-01-01"])("can_be_%s", (text) => {
    expect(parseDay(text)).toBe(text);
  });

  it.each([
    "0000-01-01",
    "2026-02-29",
    "2026-02-30",
    "2026-13-01",
    "2026-00-10",
    "2026-1-1",
    "23.11.2026",
    "",
  ])("cannot_be_%p", (text) => {
    expect(parseDay(text)).toBeUndefined();
  });

  it("survives_the_way_through_a_date", () => {
    const day = parseDay("2026-11-23");
    if (day === undefined) throw new Error("2026-11-23 is a day");
    expect(dayOf(midnightOf(day))).toBe(day);
  });
});
