"""Reads the food table that is shipped with the service."""

import csv
import hashlib
from importlib.resources import files

from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.nutrients import Nutrients

NUTRIENTS = ("kcal", "protein_g", "carbohydrate_g", "fat_g", "fibre_g")


def read_food_table() -> FoodTable:
    content = files("nutri_ml").joinpath("data", "foods.csv").read_bytes()
    rows = csv.DictReader(content.decode().splitlines())
    return FoodTable(tuple(map(_food, rows)), hashlib.sha256(content).hexdigest())


def _food(row: dict[str, str]) -> Food:
    """Reads a row; a portion is `name:grams:where the weight comes from`."""
    portions = (portion.split(":") for portion in row["portions"].split("|"))
    return Food(
        id=row["id"],
        name=row["name"],
        synonyms=tuple(filter(None, row["synonyms"].split("|"))),
        per_100_g=Nutrients(*(float(row[name]) for name in NUTRIENTS)),
        grams_by_portion={name: float(grams) for name, grams, _ in portions},
        source=row["source"],
    )
