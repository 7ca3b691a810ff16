"""Foods, as the food table knows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from nutri_ml.domain.nutrients import Nutrients


@dataclass(frozen=True)
class Food:
    """One food: what it is called, what 100 g of it hold, and what its portions weigh."""

    id: str
    name: str
    synonyms: tuple[str, ...]
    per_100_g: Nutrients
    grams_by_portion: Mapping[str, float]
    source: str

    @property
    def phrases(self) -> tuple[str, ...]:
        return (self.name, *self.synonyms)


@dataclass(frozen=True)
class FoodTable:
    """All foods, and the digest of the file that they came from."""

    foods: tuple[Food, ...]
    digest: str
