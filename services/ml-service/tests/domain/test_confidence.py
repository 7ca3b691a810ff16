import numpy as np
import pytest

from nutri_ml.domain.confidence import Evidence, confidence
from nutri_ml.domain.matching import Matcher
from tools.calibrate import fit, read_labels


def test_a_nearer_match_is_surer() -> None:
    far, near = Evidence(0.4, 0.1), Evidence(0.9, 0.1)
    assert 0 <= confidence(far) < confidence(near) <= 1


def test_a_match_that_stands_out_is_surer() -> None:
    assert confidence(Evidence(0.6, 0.3)) > confidence(Evidence(0.6, 0.0))


def test_confidence_is_the_share_of_matches_that_are_right(matcher: Matcher) -> None:
    """The expected calibration error over five parts of the scale is small."""
    labels = read_labels()
    matches = matcher.match([mention for mention, _ in labels])
    said = np.array([confidence(match.evidence) for match in matches])
    right = np.array([m.food.id == food for m, (_, food) in zip(matches, labels, strict=True)])
    parts = [(said >= low) & (said < low + 0.2) for low in (0.0, 0.2, 0.4, 0.6, 0.8)]
    error = sum(abs(said[part].sum() - right[part].sum()) for part in parts) / len(said)
    assert error <= 0.05


def test_the_fit_finds_the_curve_that_made_the_labels() -> None:
    grid = np.linspace(-3, 3, 2001)
    features = np.column_stack([np.ones_like(grid), grid])
    chances = 1 / (1 + np.exp(-(0.5 + 2 * grid)))
    assert fit(features, chances) == pytest.approx([0.5, 2.0], abs=0.01)
