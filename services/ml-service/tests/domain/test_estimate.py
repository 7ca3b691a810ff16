import json
import time
from dataclasses import astuple, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import pytest

from nutri_ml.domain.estimate import MENTIONS_MAX, Estimate, Estimator, TooManyMentions
from nutri_ml.domain.nutrients import Nutrients

MEALS = Path(__file__).parent.parent / "data" / "meals.jsonl"
FOOD_FLOOR = 0.95
GRAMS_FLOOR = 0.95


@dataclass(frozen=True)
class Score:
    """How many foods were expected, named, weighed as expected; and what was named on top."""

    expected: int
    named: int
    weighed: int
    strays: int


def score(meals: list[dict[str, Any]], estimates: list[Estimate]) -> Score:
    expected = named = weighed = strays = 0
    for meal, estimate in zip(meals, estimates, strict=True):
        grams = {item.food.id: item.grams for item in estimate.items}
        wanted = {item["food"]: item["grams"] for item in meal["items"]}
        expected += len(wanted)
        named += len(grams.keys() & wanted.keys())
        weighed += sum(wanted[f][0] <= grams[f] <= wanted[f][1] for f in grams.keys() & wanted)
        strays += len(grams.keys() - wanted.keys())
    return Score(expected, named, weighed, strays)


@pytest.fixture(scope="module")
def meals() -> list[dict[str, Any]]:
    return [json.loads(line) for line in MEALS.read_text().splitlines()]


@pytest.fixture(scope="module")
def estimates(estimator: Estimator, meals: list[dict[str, Any]]) -> list[Estimate]:
    return [estimator.estimate(meal["text"]) for meal in meals]


def test_the_evaluation_has_enough_meals(meals: list[dict[str, Any]]) -> None:
    assert len(meals) >= 60


def test_foods_and_grams_of_the_evaluation_meals_are_right(
    meals: list[dict[str, Any]], estimates: list[Estimate]
) -> None:
    result = score(meals, estimates)
    assert result.named / result.expected >= FOOD_FLOOR, result
    assert result.weighed / result.expected >= GRAMS_FLOOR, result
    assert result.strays / result.expected <= 1 - FOOD_FLOOR, result


def test_what_is_no_food_is_unknown(meals: list[dict[str, Any]], estimates: list[Estimate]) -> None:
    wanted = {text for meal in meals for text in meal["unknown"]}
    assert wanted
    assert wanted <= {text for estimate in estimates for text in estimate.unknown}


def test_two_eggs_and_toast_hold_what_the_table_says(estimator: Estimator) -> None:
    estimate = estimator.estimate("two eggs and a slice of toast")
    eggs, toast = estimate.items
    assert (eggs.food.id, eggs.grams, eggs.text) == ("egg", 100.0, "two eggs")
    assert (toast.food.id, toast.grams, toast.text) == ("toast", 30.0, "a slice of toast")
    assert eggs.nutrients == Nutrients(143.0, 12.6, 0.8, 9.9, 0.0)
    assert estimate.total.kcal == pytest.approx(eggs.nutrients.kcal + toast.nutrients.kcal)
    assert estimate.unknown == ()


def test_an_amount_after_a_comma_belongs_to_the_food_before_it(estimator: Estimator) -> None:
    (item,) = estimator.estimate("salmon, 150 g").items
    assert (item.food.id, item.grams, item.text) == ("salmon", 150.0, "salmon, 150 g")


def test_unknown_mentions_lower_the_confidence_of_the_whole(estimator: Estimator) -> None:
    known = estimator.estimate("an apple")
    partly = estimator.estimate("an apple and a screwdriver")
    assert partly.unknown == ("a screwdriver",)
    assert partly.total == known.total
    assert partly.confidence == pytest.approx(known.confidence / 2, abs=0.001)


@pytest.mark.parametrize(
    "text", ["for lunch I had", "…", "12345", "😋", "200 g", "ate nothing", "0 eggs", "no dinner"]
)
def test_a_text_without_a_food_word_is_an_empty_meal(estimator: Estimator, text: str) -> None:
    estimate = estimator.estimate(text)
    assert (estimate.items, estimate.unknown, estimate.confidence) == ((), (), 0.0)
    assert astuple(estimate.total) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_the_same_text_gives_the_same_estimate(estimator: Estimator) -> None:
    text = "half an avocado on toast with two poached eggs and a flat white"
    assert estimator.estimate(text) == estimator.estimate(text)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 1990 + " eggs",
        "9" * 900 + "/" + "8" * 900 + " eggs",
        "dozen " * 330 + "eggs",
        "half and a " * 180 + "egg",
        "1 1/2 x " * 240 + "egg",
        "a " * 995 + "egg",
        "- " * 990 + "egg",
        "1-" * 990 + "egg",
        "macaroni and " * 45 + "cheese",
        " " * 1990 + "egg",
        "egg " * 500,
        "1 x " * 500,
        "hundred and " * 166,
        "without a " * 200,
        "🍎" * 2000,
        "".join(f"bcdfgh{chr(97 + n % 26)}{chr(97 + n // 26)} " for n in range(220)),
    ],
)
def test_long_odd_texts_are_answered_soon_and_with_numbers(estimator: Estimator, text: str) -> None:
    started = time.monotonic()
    estimate = estimator.estimate(text)
    assert time.monotonic() - started < 2
    assert all(isfinite(value) for value in astuple(estimate.total))


@pytest.mark.parametrize(
    "text",
    [
        "999999 kg of butter",
        "999999 dozen pizzas",
        "99999 x 99999 g lard",
        "a thousand thousand eggs",
        ", ".join(["999999 kg butter"] * MENTIONS_MAX),
    ],
)
def test_no_more_of_a_food_is_believed_than_a_meal_holds(estimator: Estimator, text: str) -> None:
    estimate = estimator.estimate(text)
    assert estimate.items == ()
    assert estimate.unknown
    assert estimate.total.kcal == 0


@pytest.mark.parametrize(
    ("text", "foods"),
    [
        ("🍌🍌", [("banana", 236.0)]),
        ("2 🍎", [("apple", 364.0)]),
        ("🥦 100g", [("broccoli", 100.0)]),
        ("🍔🍟", [("hamburger", 114.0), ("french-fries", 117.0)]),
        ("pizza night!! 🎉🍕", [("pizza", 200.0)]),
    ],
)
def test_a_picture_of_a_food_is_a_food(
    estimator: Estimator, text: str, foods: list[tuple[str, float]]
) -> None:
    estimate = estimator.estimate(text)
    assert [(item.food.id, item.grams) for item in estimate.items] == foods
    assert estimate.unknown == ()


@pytest.mark.parametrize("text", ["🌰", "haggis", "りんご", "🧋 and haggis", "a screwdriver"])
def test_what_we_have_no_food_for_is_listed_and_never_dropped(
    estimator: Estimator, text: str
) -> None:
    estimate = estimator.estimate(text)
    assert estimate.items == ()
    assert list(estimate.unknown) == text.split(" and ")


def test_a_food_comes_with_what_else_it_may_have_been(estimator: Estimator) -> None:
    (item,) = estimator.estimate("a glass of milk").items
    assert item.candidates[0].food == item.food
    assert len(item.candidates) == len({it.food.id for it in item.candidates}) == 3
    sure = [candidate.confidence for candidate in item.candidates]
    assert sure == sorted(sure, reverse=True)
    (guess,) = estimator.estimate("steak tartare").guesses
    assert len(guess.candidates) == 3


@pytest.mark.parametrize(
    ("text", "grams"),
    [("coffee with milk", 30.0), ("corn flakes with milk", 125.0), ("toast with milk", 244.0)],
)
def test_how_much_milk_it_was_depends_on_what_it_came_with(
    estimator: Estimator, text: str, grams: float
) -> None:
    *_, milk = estimator.estimate(text).items
    assert (milk.food.id, milk.grams) == ("whole-milk", grams)


@pytest.mark.parametrize(
    ("text", "foods"),
    [
        ("dinner: salmon", ["salmon"]),
        ("eggs: 2", ["egg"]),
        ("eggs bacon toast", ["egg", "bacon", "toast"]),
        ("2 eggs 3 toast", ["egg", "toast"]),
        ("fish and chips", ["battered-fish", "french-fries"]),
        ("felt like treating myself to a snickers", ["snickers"]),
        ("toast but no butter", ["toast"]),
        ("instead of chips I had carrots", ["carrots"]),
        ("10:30 am coffee", ["coffee"]),
        ("350 kcal yoghurt", ["plain-yogurt"]),
    ],
)
def test_a_text_is_read_as_it_is_meant(estimator: Estimator, text: str, foods: list[str]) -> None:
    estimate = estimator.estimate(text)
    assert [item.food.id for item in estimate.items] == foods
    assert estimate.unknown == ()


def test_more_mentions_than_a_meal_has_are_refused(estimator: Estimator) -> None:
    assert len(estimator.estimate(", ".join(["egg"] * MENTIONS_MAX)).items) == MENTIONS_MAX
    with pytest.raises(TooManyMentions, match="51 foods"):
        estimator.estimate(", ".join(["egg"] * (MENTIONS_MAX + 1)))
