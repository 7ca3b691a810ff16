"""Fits the curves of `nutri_ml/domain/confidence.py` to `calibration.csv` and prints the constants.

Each line is a mention and the food it means, or no food when the table has none for it. A match is
right when it is that food. Plain logistic regression by Newton's method, lightly held to zero.

    PYTHONPATH=src:. python tools/calibrate.py
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nutri_ml.domain.confidence import LEAD_MAX
from nutri_ml.domain.matching import Fitted, Matcher
from nutri_ml.domain.reading import Reader
from nutri_ml.domain.words import food_words
from nutri_ml.loading import made_of, open_encoder
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.vectors import read_food_vectors
from tools.evaluate import curve

LABELS = Path(__file__).with_name("calibration.csv")
RIDGE = 1.0
ROUNDS = 50

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def read_labels() -> list[tuple[str, str]]:
    """The mentions as the service reads them, and what they mean."""
    reader = Reader(read_food_table().phrases, open_encoder(None).is_word)
    with LABELS.open(newline="") as lines:
        return [(_words(reader, row["mention"]), row["food"]) for row in csv.DictReader(lines)]


def _words(reader: Reader, mention: str) -> str:
    """What cannot be told from several mentions is taken as it is written."""
    read = reader.read(mention)
    return read[0].food_words if len(read) == 1 else food_words(mention)


def fit_all(mentions: list[str]) -> list[tuple[Fitted, ...]]:
    table = read_food_table()
    vectors = read_food_vectors(made_of(table))
    return Matcher(table, open_encoder(None), vectors).fit(mentions)


def fit(features: Numbers, right: Numbers) -> Numbers:
    """Finds the weights under which the labels are likeliest."""
    weights = np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (right - chance) - RIDGE * weights
        bend = features.T @ (features * (chance * (1 - chance))[:, None])
        weights += np.linalg.solve(bend + RIDGE * np.eye(len(weights)), slope)
    return weights


def weights_of_fit(found: Sequence[tuple[Fitted, ...]], foods: Sequence[str]) -> Numbers:
    """How likely a name that was looked at is the right one; without figures it is never."""
    looked_at = [(it, food) for them, food in zip(found, foods, strict=True) for it in them]
    right = [it.id == food and bool(food) for it, food in looked_at]
    return fit(
        np.array([it.evidence.features for it, _ in looked_at]), np.array(right, dtype=float)
    )


def weights_of_confidence(
    found: Sequence[tuple[Fitted, ...]], foods: Sequence[str], weights: Numbers
) -> Numbers:
    """How often the best name is right, by its fit and how far the next one is behind."""
    evidence, right = [], []
    for them, food in zip(found, foods, strict=True):
        fits = sorted(
            ((float(np.dot(weights, it.evidence.features)), it.id) for it in them), reverse=True
        )
        (best, name), (second, _) = fits[:2]
        if name:
            evidence.append((1.0, best, min(best - second, LEAD_MAX)))
            right.append(name == food)
    return fit(np.array(evidence), np.array(right, dtype=float))


def main() -> None:
    mentions, foods = zip(*read_labels(), strict=True)
    found = fit_all(list(mentions))
    weights = weights_of_fit(found, foods)
    intercept, per_fit, per_lead = weights_of_confidence(found, foods, weights)
    sys.stdout.write(f"FIT = ({', '.join(f'{weight:.2f}' for weight in weights)})\n")
    sys.stdout.write(f"INTERCEPT = {intercept:.2f}\n")
    sys.stdout.write(f"PER_FIT = {per_fit:.2f}\n")
    sys.stdout.write(f"PER_LEAD = {per_lead:.2f}\n")
    for band, number, said, share in curve(said_now(mentions, foods)):
        sys.stdout.write(f"# {band}  {number:4} named  said {said:.2f}  right {share:.2f}\n")


def said_now(mentions: Sequence[str], foods: Sequence[str]) -> list[tuple[float, bool]]:
    """What the constants of today say of each mention that they name, and whether it is right."""
    table = read_food_table()
    matcher = Matcher(table, open_encoder(None), read_food_vectors(made_of(table)))
    named = zip(matcher.match(list(mentions)), foods, strict=True)
    return [(it.best.confidence, it.best.food.id == food) for it, food in named if it.known]


if __name__ == "__main__":
    main()
