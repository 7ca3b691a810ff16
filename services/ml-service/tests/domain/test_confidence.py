from dataclasses import replace

import numpy as np
import pytest

from nutri_ml.domain.confidence import Evidence, confidence
from nutri_ml.domain.matching import Matcher
from tools.calibrate import fit, read_labels

STRONG = Evidence(score=0.9, exact=1.0, unexplained=0.0, foreign=0.0, missing=0.0, tail=1.0)


@pytest.mark.parametrize(
    "weaker",
    [
        replace(STRONG, score=0.4),
        replace(STRONG, exact=0.0),
        replace(STRONG, unexplained=0.5),
        replace(STRONG, foreign=0.5),
        replace(STRONG, missing=0.5),
        replace(STRONG, tail=0.0),
    ],
)
def test_less_that_speaks_for_a_food_makes_it_less_likely(weaker: Evidence) -> None:
    assert 0 <= confidence(weaker.fit, 1.0) < confidence(STRONG.fit, 1.0) <= 1


def test_a_match_that_stands_out_is_surer() -> None:
    assert confidence(1.0, 2.0) > confidence(1.0, 0.0) > confidence(1.0, -2.0)


@pytest.mark.parametrize("fit", [-1e9, 1e9, float("inf"), float("-inf")])
def test_confidence_is_a_share_whatever_speaks_for_a_food(fit: float) -> None:
    assert 0 <= confidence(fit, 0.0) <= 1


def test_confidence_is_the_share_of_matches_that_are_right(matcher: Matcher) -> None:
    """The expected calibration error over five parts of the scale is small."""
    labels = read_labels()
    bests = [match.best for match in matcher.match([mention for mention, _ in labels])]
    said = np.array([best.confidence for best in bests])
    right = np.array([b.food.id == food for b, (_, food) in zip(bests, labels, strict=True)])
    parts = [(said >= low) & (said < low + 0.2) for low in (0.0, 0.2, 0.4, 0.6, 0.8)]
    error = sum(abs(said[part].sum() - right[part].sum()) for part in parts) / len(said)
    assert error <= 0.05


def test_the_fit_finds_the_curve_that_made_the_labels() -> None:
    grid = np.linspace(-3, 3, 2001)
    features = np.column_stack([np.ones_like(grid), grid])
    chances = 1 / (1 + np.exp(-(0.5 + 2 * grid)))
    assert fit(features, chances) == pytest.approx([0.5, 2.0], abs=0.02)
