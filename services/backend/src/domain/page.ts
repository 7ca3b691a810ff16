// A part of a list that may grow without end, and where the next part starts.

export interface PageRequest {
  readonly limit: number;
  readonly after: readonly string[] | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: readonly string[] | undefined;
}

/**
 * Cuts a page from one row more than was asked for: the surplus row only proves that there is
 * a next page, without counting the whole list.
 */
export function cutPage<Item>(
  rows: readonly Item[],
  limit: number,
  position: (item: Item) => readonly string[],
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, next: more ? position(last) : undefined };
}
