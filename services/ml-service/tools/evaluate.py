"""Measures estimates on `tests/data/labelled_meals.jsonl`: texts, what they mean, what it weighs.

A text belongs to the half that the digest of its words says: `tuning`, which may be looked at while
rules are made, or `evaluation`, whose numbers are the ones that count.

    PYTHONPATH=src:. python tools/evaluate.py [evaluation|tuning] [--failures] [--curve]
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from nutri_ml.domain.estimate import Estimate, Item
from nutri_ml.loading import build_estimator

MEALS = Path(__file__).parent.parent / "tests" / "data" / "labelled_meals.jsonl"
BANDS = (0.5, 0.7, 0.8, 0.9, 0.95, 1.001)
Half = Literal["evaluation", "tuning"]


@dataclass(frozen=True)
class Wanted:
    """A food that a text speaks of: any of these, in this range."""

    foods: frozenset[str]
    grams: tuple[float, float]


@dataclass(frozen=True)
class Meal:
    """A labelled text; `more` says that other foods may be named in it as well."""

    kind: str
    text: str
    items: tuple[Wanted, ...]
    unknown: tuple[str, ...]
    kcal: tuple[float, float]
    more: bool

    @property
    def half(self) -> Half:
        even = hashlib.sha256(self.text.encode()).digest()[0] % 2 == 0
        return "evaluation" if even else "tuning"


@dataclass
class Score:
    """What was counted over a set of meals."""

    meals: int = 0
    right: int = 0
    energy: int = 0
    foods: int = 0
    first: int = 0
    among_three: int = 0
    weighed: int = 0
    unknown: int = 0
    unknown_found: int = 0
    strays: int = 0
    # Confidence and whether the food was right, of each food that was named.
    said: list[tuple[float, bool]] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"{self.meals:4} texts  top-1 {_share(self.first, self.foods)}"
            f"  top-3 {_share(self.among_three, self.foods)}"
            f"  grams {_share(self.weighed, self.first)}"
            f"  kcal {_share(self.energy, self.meals)}"
            f"  whole text {_share(self.right, self.meals)}"
            f"  unknown {self.unknown_found}/{self.unknown}  strays {self.strays}"
        )


def read_meals(half: Half | None = None) -> list[Meal]:
    meals = [_meal(json.loads(line)) for line in MEALS.read_text().splitlines()]
    return [meal for meal in meals if half in (None, meal.half)]


def _meal(row: dict[str, Any]) -> Meal:
    items = tuple(Wanted(frozenset(it["foods"]), tuple(it["grams"])) for it in row["items"])
    unknown, kcal = tuple(row["unknown"]), tuple(row["kcal"])
    return Meal(row["kind"], row["text"], items, unknown, kcal, row.get("more", False))


def score(meals: Iterable[Meal], estimate: Callable[[str], Estimate]) -> Score:
    total = Score()
    for meal in meals:
        count(total, meal, estimate(meal.text))
    return total


def count(total: Score, meal: Meal, found: Estimate) -> bool:
    """Adds one meal to the score, and says whether all of it is right."""
    left = list(found.items)
    pairs = [(wanted, _take(left, wanted)) for wanted in meal.items]
    named = [(wanted, item) for wanted, item in pairs if item is not None]
    weighed = sum(wanted.grams[0] <= item.grams <= wanted.grams[1] for wanted, item in named)
    offered = [item.candidates for item in found.items] + [g.candidates for g in found.guesses]
    met = [text for text in meal.unknown if any(text in it for it in found.unknown)]

    total.meals += 1
    total.foods += len(meal.items)
    total.first += len(named)
    total.among_three += sum(
        any(candidate.food.id in wanted.foods for them in offered for candidate in them)
        for wanted in meal.items
    )
    total.weighed += weighed
    total.unknown += len(meal.unknown)
    total.unknown_found += len(met)
    total.strays += 0 if meal.more else len(left)
    total.energy += meal.kcal[0] <= found.total.kcal <= meal.kcal[1] or meal.more
    rights = [item for _, item in named]
    total.said += [
        (it.confidence, any(it is r for r in rights)) for it in found.items if not meal.more
    ]
    right = weighed == len(meal.items) and len(met) == len(meal.unknown)
    right &= meal.more or (not left and len(found.unknown) == len(met))
    total.right += right
    return right


def _take(items: list[Item], wanted: Wanted) -> Item | None:
    """Takes the first item that is the food wanted; each counts once."""
    for item in items:
        if item.food.id in wanted.foods:
            items.remove(item)
            return item
    return None


def curve(said: Sequence[tuple[float, bool]]) -> list[tuple[str, int, float, float]]:
    """For each band of confidence: how many, what was said on average, and what was right."""
    rows = []
    for low, high in pairwise(BANDS):
        band = [(sure, right) for sure, right in said if low <= sure < high]
        if band:
            mean = sum(sure for sure, _ in band) / len(band)
            share = sum(right for _, right in band) / len(band)
            rows.append((f"{low:.2f}–{min(high, 1):.2f}", len(band), mean, share))
    return rows


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if whole else "    — "


def _failure(meal: Meal, found: Estimate) -> str:
    wanted = "; ".join(f"{'/'.join(sorted(w.foods))} {w.grams}" for w in meal.items)
    items = "; ".join(f"{it.food.id} {it.grams} ({it.confidence})" for it in found.items)
    guesses = "; ".join(
        f"{g.text!r} ({', '.join(f'{c.food.id} {c.confidence}' for c in g.candidates)})"
        for g in found.guesses
    )
    return (
        f"  {meal.kind}: {meal.text!r}\n    wanted {wanted} {list(meal.unknown)}\n"
        f"    found  {items} unknown {guesses}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("half", nargs="?", default="evaluation", choices=["evaluation", "tuning"])
    parser.add_argument("--failures", action="store_true", help="show each text that is not right")
    parser.add_argument("--curve", action="store_true", help="show what confidence means")
    arguments = parser.parse_args()

    estimate = build_estimator(None).estimate
    meals = read_meals(arguments.half)
    write = sys.stdout.write
    if arguments.failures:
        for meal in meals:
            found = estimate(meal.text)
            if not count(Score(), meal, found):
                write(_failure(meal, found) + "\n")
    for kind in sorted({meal.kind for meal in meals}):
        write(f"{kind:10}{score((m for m in meals if m.kind == kind), estimate).line()}\n")
    total = score(meals, estimate)
    write(f"{arguments.half:10}{total.line()}\n")
    if arguments.curve:
        for band, number, said, right in curve(total.said):
            write(f"  {band}  {number:4} named  said {said:.2f}  right {right:.2f}\n")


if __name__ == "__main__":
    main()
