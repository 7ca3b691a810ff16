"""Reads the food table that is shipped with the service, and the names that have no figures."""

import csv
import hashlib
from importlib.resources import files

from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.nutrients import Nutrients

FOODS, UNLISTED = "foods.csv", "unlisted_foods.txt"
NUTRIENTS = ("kcal", "protein_g", "carbohydrate_g", "fat_g", "fibre_g")


def read_food_table() -> FoodTable:
    data = files("nutri_ml").joinpath("data")
    foods, unlisted = (data.joinpath(name).read_bytes() for name in (FOODS, UNLISTED))
    rows = csv.DictReader(foods.decode().splitlines())
    digest = hashlib.sha256(foods + unlisted).hexdigest()
    return FoodTable(tuple(map(_food, rows)), tuple(unlisted.decode().splitlines()), digest)


def _food(row: dict[str, str]) -> Food:
    """Reads a row; a portion is `name:grams:where the weight comes from`."""
    portions = (portion.split(":") for portion in row["portions"].split("|"))
    return Food(
        id=row["id"],
        name=row["name"],
        synonyms=tuple(filter(None, row["synonyms"].split("|"))),
        kind=row["kind"],
        per_100_g=Nutrients(*(float(row[name]) for name in NUTRIENTS)),
        grams_by_portion={name: float(grams) for name, grams, _ in portions},
        source=row["source"],
    )
