// The surplus row proves the next page and is not shown.
import { describe, expect, it } from "@jest/globals";
import { cutPage } from "../../src/domain/page.js";

const itself = (word: string) => [word];

describe("a page", () => {
  it("has_no_next_when_the_list_ends_with_it", () => {
    expect(cutPage(["a", "b"], 2, itself)).toEqual({ items: ["a", "b"], next: undefined });
  });

  it("continues_after_its_last_item", () => {
    expect(cutPage(["a", "b", "c"], 2, itself)).toEqual({ items: ["a", "b"], next: ["b"] });
  });

  it("is_empty_when_the_list_is", () => {
    expect(cutPage([], 2, itself)).toEqual({ items: [], next: undefined });
  });
});
