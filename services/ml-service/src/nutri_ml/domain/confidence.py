"""How sure we are of a match: the share of such matches that turn out right.

A logistic curve over score and margin, fitted by `tools/calibrate.py` to `tools/calibration.csv`.
"""

from dataclasses import dataclass
from math import exp

INTERCEPT = -6.77
PER_SCORE = 8.90
PER_MARGIN = 12.67
# Below this a wrong food is likelier to be said than a right one is to be missed.
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """The score of the best food, and how far the second best food was behind."""

    score: float
    margin: float


def confidence(evidence: Evidence) -> float:
    logit = INTERCEPT + PER_SCORE * evidence.score + PER_MARGIN * evidence.margin
    return round(1 / (1 + exp(-logit)), 3)
