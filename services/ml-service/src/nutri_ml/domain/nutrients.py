"""Energy and the four nutrients that Nutri counts."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Nutrients:
    """Amounts of nutrients, of 100 g of a food or of a whole meal."""

    kcal: float = 0.0
    protein_g: float = 0.0
    carbohydrate_g: float = 0.0
    fat_g: float = 0.0
    fibre_g: float = 0.0

    def of_grams(self, grams: float) -> "Nutrients":
        """Scales amounts per 100 g to a weight."""
        return Nutrients(*(round(value * grams / 100, 1) for value in astuple(self)))


def add(parts: Iterable[Nutrients]) -> Nutrients:
    """Adds up what is already rounded, so that a total is the sum of what is shown."""
    columns = zip(*(astuple(part) for part in parts), strict=True)
    return Nutrients(*(round(sum(column), 1) for column in columns))
