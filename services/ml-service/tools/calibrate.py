"""Fits the curve of `nutri_ml/domain/confidence.py` to `calibration.csv` and prints its constants.

Each line is a mention and the food it means, or no food when the table has none for it. A match is
right when it is that food. Plain logistic regression by Newton's method, lightly held to zero.

    PYTHONPATH=src python tools/calibrate.py
"""

import csv
import sys
from pathlib import Path

import numpy as np

from nutri_ml.domain.matching import Match, Matcher
from nutri_ml.domain.words import food_words
from nutri_ml.loading import made_of, open_encoder
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.vectors import read_food_vectors

LABELS = Path(__file__).with_name("calibration.csv")
RIDGE = 0.01
ROUNDS = 50

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def read_labels() -> list[tuple[str, str]]:
    with LABELS.open(newline="") as lines:
        return [(food_words(row["mention"]), row["food"]) for row in csv.DictReader(lines)]


def match_all(mentions: list[str]) -> list[Match]:
    table = read_food_table()
    vectors = read_food_vectors(made_of(table))
    return Matcher(table, open_encoder(None), vectors).match(mentions)


def fit(features: Numbers, right: Numbers) -> Numbers:
    """Finds the weights under which the labels are likeliest."""
    weights = np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (right - chance) - RIDGE * weights
        bend = features.T @ (features * (chance * (1 - chance))[:, None])
        weights += np.linalg.solve(bend + RIDGE * np.eye(len(weights)), slope)
    return weights


def main() -> None:
    labels = read_labels()
    matches = match_all([mention for mention, _ in labels])
    evidence = [(1.0, match.evidence.score, match.evidence.margin) for match in matches]
    right = [match.food.id == food for match, (_, food) in zip(matches, labels, strict=True)]
    intercept, per_score, per_margin = fit(np.array(evidence), np.array(right, dtype=float))
    sys.stdout.write(f"INTERCEPT = {intercept:.2f}\n")
    sys.stdout.write(f"PER_SCORE = {per_score:.2f}\n")
    sys.stdout.write(f"PER_MARGIN = {per_margin:.2f}\n")


if __name__ == "__main__":
    main()
