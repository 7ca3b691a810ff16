"""How sure we are of a match: the share of such matches that turn out right.

Two logistic curves, fitted by `tools/calibrate.py` to `tools/calibration.csv`: one says how well a
name fits a mention, by which the names are ranked; the other how often the best one is right.
"""

from dataclasses import dataclass
from math import exp

# How well a name fits: in the order of `Evidence.features`.
FIT = (-4.26, 4.31, 1.24, -0.63, -2.84, -6.65, 1.18)
# How often the best one is right: constant, fit, and how far the next one is behind.
INTERCEPT = 0.79
PER_FIT = 1.03
PER_LEAD = 0.20
# What is far ahead is not surer than what is well ahead.
LEAD_MAX = 3.0
# Below this a wrong food is likelier to be said than a right one is to be missed.
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one name: all between 0 and 1.

    `score` is nearness of meaning and spelling; `exact` is 1 when the words are the same and 0.7
    when they differ in how the food was made; `unexplained` is the share of the mention's words
    that no food knows, `foreign` of those that only other foods know, `missing` the share of the
    name's words that the mention lacks; `tail` is 1 when the name knows the mention's last word,
    which says what kind of thing it is.
    """

    score: float
    exact: float
    unexplained: float
    foreign: float
    missing: float
    tail: float

    @property
    def features(self) -> tuple[float, ...]:
        shares = (self.unexplained, self.foreign, self.missing)
        return (1.0, self.score, self.exact, *shares, self.tail)

    @property
    def fit(self) -> float:
        return sum(a * b for a, b in zip(FIT, self.features, strict=True))


def confidence(fit: float, lead: float) -> float:
    """The lead is how much better this name fits than the best other one; it may be negative."""
    lead = max(-LEAD_MAX, min(lead, LEAD_MAX))
    logit = INTERCEPT + PER_FIT * fit + PER_LEAD * lead
    return round(1 / (1 + exp(-max(-50.0, min(logit, 50.0)))), 3)
