// A plausible month of three people, for a new stack: pages and summaries have something to show.
// The same day gives the same meals, so a second run finds what the first one made.
import { createHash } from "node:crypto";
import type { Day } from "./domain/day.js";

export interface DemoMeal {
  readonly id: string;
  readonly eatenOn: Day;
  readonly description?: string;
  readonly items: readonly { readonly ndb: string; readonly grams: number }[];
}

export interface DemoPerson {
  readonly email: string;
  /** Each row is a time of the day, and what may be eaten then. */
  readonly habits: readonly (readonly Dish[])[];
  /** Of a hundred meals, how many are not written down. */
  readonly forgets: number;
}

/** What is weighed, by food number and usual grams; or what is only told. */
type Dish = string | Readonly<Record<string, number>>;

export const demoDays = 30;

const weighed: readonly (readonly Dish[])[] = [
  [
    { "20038": 60, "01077": 200, "09040": 110 },
    { "01123": 110, "11457": 60, "04053": 8 },
    { "20038": 50, "12061": 20, "09003": 150 },
  ],
  [
    { "16070": 220, "20045": 160, "04053": 10 },
    { "05064": 150, "20045": 180, "11090": 140 },
    { "09037": 90, "01123": 100, "11457": 80 },
  ],
  [{ "09003": 160 }, { "12061": 25 }, { "09040": 120 }],
  [
    { "15236": 150, "11090": 180, "04053": 8 },
    { "05064": 140, "11457": 120, "20045": 120 },
    { "16070": 250, "11457": 60 },
  ],
];

const told: readonly (readonly Dish[])[] = [
  ["two eggs and a slice of toast", "a bowl of oatmeal with milk", "a banana and a coffee"],
  ["chicken breast with rice", "lentil soup and a roll", "a cheese sandwich and an apple"],
  ["a handful of almonds", "an apple"],
  ["grilled salmon with broccoli", "pasta with tomato sauce", "two slices of pizza and a beer"],
];

const mixed = weighed.map((dishes, at) => [...dishes, ...(told[at] ?? [])]);

export const demoPeople: readonly DemoPerson[] = [
  { email: "demo@nutri.example", habits: mixed, forgets: 10 },
  { email: "ada@nutri.example", habits: weighed, forgets: 2 },
  { email: "ben@nutri.example", habits: told, forgets: 25 },
];

/** What somebody ate in the thirty days that end with `today`. */
export function demoMonth({ email, habits, forgets }: DemoPerson, today: Day): DemoMeal[] {
  const days = Array.from({ length: demoDays }, (_, back) => dayBefore(today, back));
  return days.flatMap((eatenOn) =>
    habits.flatMap((dishes, at) => {
      const drawn = draw(`${email} ${eatenOn} ${String(at)}`);
      const dish = dishes[drawn.choice % dishes.length];
      if (dish === undefined || drawn.percent < forgets) return [];
      const meal = { id: drawn.id, eatenOn };
      if (typeof dish === "string") return [{ ...meal, description: dish, items: [] }];
      const items = Object.entries(dish).map(([ndb, usual]) => ({
        ndb,
        // Nobody weighs the same twice: from a tenth less to a tenth more.
        grams: Math.round(usual * (0.9 + drawn.percent / 500)),
      }));
      return [{ ...meal, items }];
    }),
  );
}

/** Numbers and a name that depend on `text` alone. */
function draw(text: string) {
  const hex = createHash("sha256").update(text).digest("hex");
  return {
    choice: parseInt(hex.slice(0, 6), 16),
    percent: parseInt(hex.slice(6, 12), 16) % 100,
    id: `5eed0001-0000-4000-8000-${hex.slice(12, 24)}`,
  };
}

function dayBefore(day: Day, days: number): Day {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10) as Day;
}
