// Amounts of what food is made of, and sums of them. The names match the wire in both services.

export interface Nutrients {
  readonly kcal: number;
  readonly protein_g: number;
  readonly carbohydrate_g: number;
  readonly fat_g: number;
  readonly fibre_g: number;
}

export const noNutrients: Nutrients = {
  kcal: 0,
  protein_g: 0,
  carbohydrate_g: 0,
  fat_g: 0,
  fibre_g: 0,
};

/** What `grams` of a food hold, given its nutrients per 100 g. */
export function inGrams(per100g: Nutrients, grams: number): Nutrients {
  return each((name) => (per100g[name] * grams) / 100);
}

/** Sums first and rounds once: rounding every part would make a day of small meals drift. */
export function sum(parts: readonly Nutrients[]): Nutrients {
  return each((name) => twoDecimals(parts.reduce((total, part) => total + part[name], 0)));
}

function each(amount: (name: keyof Nutrients) => number): Nutrients {
  return {
    kcal: amount("kcal"),
    protein_g: amount("protein_g"),
    carbohydrate_g: amount("carbohydrate_g"),
    fat_g: amount("fat_g"),
    fibre_g: amount("fibre_g"),
  };
}

function twoDecimals(amount: number): number {
  return Math.round(amount * 100) / 100;
}
