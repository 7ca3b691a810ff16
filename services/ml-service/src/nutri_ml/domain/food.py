"""Foods, as the food table knows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from nutri_ml.domain.nutrients import Nutrients


@dataclass(frozen=True)
class Food:
    """One food: what it is called, what 100 g of it hold, and what its portions weigh.

    Its kind, if it matters for amounts, is `drink`, `hot drink` or `cereal`.
    """

    id: str
    name: str
    synonyms: tuple[str, ...]
    kind: str
    per_100_g: Nutrients
    grams_by_portion: Mapping[str, float]
    source: str

    @property
    def phrases(self) -> tuple[str, ...]:
        return (self.name, *self.synonyms)


@dataclass(frozen=True)
class FoodTable:
    """All foods, names of others that it has no figures for, and the digest of the files.

    What is known to be something else is not taken for the nearest food: a moussaka is no mousse.
    """

    foods: tuple[Food, ...]
    unlisted: tuple[str, ...]
    digest: str

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every name: those of foods, in their order, then those without figures."""
        return (*(phrase for food in self.foods for phrase in food.phrases), *self.unlisted)
