// Amounts scale with grams, and sums are rounded once.
import { describe, expect, it } from "@jest/globals";
import { inGrams, noNutrients, sum, type Nutrients } from "../../src/domain/nutrients.js";

const oats: Nutrients = {
  kcal: 389,
  protein_g: 16.89,
  carbohydrate_g: 66.27,
  fat_g: 6.9,
  fibre_g: 10.6,
};

describe("nutrients", () => {
  it("scale_with_the_grams_eaten", () => {
    expect(inGrams(oats, 50)).toEqual({
      kcal: 194.5,
      protein_g: 8.445,
      carbohydrate_g: 33.135,
      fat_g: 3.45,
      fibre_g: 5.3,
    });
  });

  it("sum_to_nothing_when_there_is_nothing", () => {
    expect(sum([])).toEqual(noNutrients);
  });

  it("are_rounded_after_the_sum_and_not_before", () => {
    const crumb = { ...noNutrients, kcal: 0.004 };
    expect(sum(Array<Nutrients>(10).fill(crumb)).kcal).toBe(0.04);
  });

  it("do_not_show_the_noise_of_binary_fractions", () => {
    expect(
      sum([
        { ...noNutrients, fat_g: 0.1 },
        { ...noNutrients, fat_g: 0.2 },
      ]).fat_g,
    ).toBe(0.3);
  });
});
