"""The floors under the numbers of README.md, on texts that no rule was made for."""

import pytest

from nutri_ml.domain.estimate import Estimator
from nutri_ml.domain.food import FoodTable
from tools.evaluate import Meal, Score, Wanted, count, curve, read_meals, score

FIRST, AMONG_THREE, WEIGHED, RIGHT, ENERGY = 0.93, 0.97, 0.95, 0.89, 0.92


@pytest.fixture(scope="module")
def evaluation(estimator: Estimator) -> Score:
    return score(read_meals("evaluation"), estimator.estimate)


def test_there_are_enough_texts_of_each_kind_in_both_halves() -> None:
    meals = read_meals()
    assert len(meals) >= 300
    assert len({meal.text for meal in meals}) == len(meals)
    for half in ("evaluation", "tuning"):
        kinds = [meal.kind for meal in meals if meal.half == half]
        assert len(set(kinds)) == 10
        assert all(kinds.count(kind) >= 10 for kind in kinds)


def test_labels_are_of_foods_that_there_are(table: FoodTable) -> None:
    ids = {food.id for food in table.foods}
    assert {food for meal in read_meals() for it in meal.items for food in it.foods} <= ids


def test_foods_are_named(evaluation: Score) -> None:
    assert evaluation.first / evaluation.foods >= FIRST
    assert evaluation.among_three / evaluation.foods >= AMONG_THREE


def test_foods_are_weighed(evaluation: Score) -> None:
    assert evaluation.weighed / evaluation.first >= WEIGHED
    assert evaluation.energy / evaluation.meals >= ENERGY


def test_whole_texts_are_right(evaluation: Score) -> None:
    assert evaluation.right / evaluation.meals >= RIGHT


def test_what_is_unknown_is_said_to_be(evaluation: Score) -> None:
    assert evaluation.unknown_found == evaluation.unknown
    assert evaluation.strays / evaluation.meals <= 0.03


def test_confidence_means_what_it_says(evaluation: Score) -> None:
    said = sum(sure for sure, _ in evaluation.said) / len(evaluation.said)
    right = sum(right for _, right in evaluation.said) / len(evaluation.said)
    assert abs(said - right) <= 0.03
    assert sum(number for _, number, _, _ in curve(evaluation.said)) == len(evaluation.said)


@pytest.mark.parametrize(
    ("wanted", "unknown", "right"),
    [
        ((Wanted(frozenset({"egg"}), (90, 110)),), (), True),
        ((Wanted(frozenset({"egg"}), (10, 20)),), (), False),
        ((Wanted(frozenset({"toast"}), (10, 200)),), (), False),
        ((), (), False),
        ((Wanted(frozenset({"egg"}), (90, 110)),), ("haggis",), False),
    ],
)
def test_a_wrong_answer_is_counted_as_wrong(
    estimator: Estimator, wanted: tuple[Wanted, ...], unknown: tuple[str, ...], right: bool
) -> None:
    meal = Meal("counts", "two eggs", wanted, unknown, (0, 500), more=False)
    assert count(Score(), meal, estimator.estimate(meal.text)) is right
