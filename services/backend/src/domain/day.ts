// A calendar day without time zone: the day the eater counts a meal to.

declare const isDay: unique symbol;
export type Day = string & { readonly [isDay]: true };

// There was no year 0; Postgres knows that, JavaScript does not.
const form = /^(?!0000)\d{4}-\d{2}-\d{2}$/;

/** Parses `YYYY-MM-DD`; undefined when there is no such day in the calendar. */
export function parseDay(text: string): Day | undefined {
  if (!form.test(text)) return undefined;
  const midnight = new Date(`${text}T00:00:00.000Z`);
  // February 30th parses as March 2nd; only a real day survives the way back.
  const real = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text);
  return real ? (text as Day) : undefined;
}

export function dayOf(date: Date): Day {
  return date.toISOString().slice(0, 10) as Day;
}

export function midnightOf(day: Day): Date {
  return new Date(`${day}T00:00:00.000Z`);
}
