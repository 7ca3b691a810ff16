"""Wrong and sure answers of a tester: what the figures do not hold for is unknown."""

import pytest

from nutri_ml.domain.estimate import Estimator


@pytest.mark.parametrize(
    "text",
    [
        '12" pizza',
        "a 12 inch pizza",
        "red bull sugar free",
        "sugar-free jelly",
        "non-alcoholic beer",
        "veggie sausage",
        "dog food",
        "half a rotisserie chicken",
        "a roast chicken",
        "rice 80g (dry)",
        "50g uncooked pasta",
        "100 bananas",
        "1000000 eggs",
        "N/A",
    ],
)
def test_what_the_figures_do_not_hold_for_is_unknown(estimator: Estimator, text: str) -> None:
    estimate = estimator.estimate(text)
    assert estimate.items == ()
    assert estimate.unknown == (text,)


def test_a_power_is_no_count(estimator: Estimator) -> None:
    assert estimator.estimate("10² eggs").items == ()


@pytest.mark.parametrize(
    ("text", "food", "grams"),
    [
        ("fat free milk 200ml", "skimmed-milk", 207.1),
        ("sugar free coffee", "coffee", 237.0),
        ("roast chicken", "chicken-breast", 120.0),
        ("veggie burger", "veggie-burger", 180.0),
        ("hot dog", "hot-dog", 98.0),
        ("a loaf of bread", "white-bread", 700.0),
        ("a fistful of walnuts", "walnuts", 30.0),
        ("100 kcal of bread", "white-bread", 37.6),
        ("418.4 kJ of bread", "white-bread", 37.6),
        ("1.000 g potatoes", "potato", 1000.0),
        ("1.5 kg potatoes", "potato", 1500.0),
        ("1 banana (120g)", "banana", 120.0),
        ("apples: 2", "apple", 364.0),
    ],
)
def test_what_they_do_hold_for_is_weighed_and_shown_as_written(
    estimator: Estimator, text: str, food: str, grams: float
) -> None:
    (item,) = estimator.estimate(text).items
    assert (item.food.id, item.grams, item.text) == (food, grams, text)


def test_a_stated_energy_is_the_energy(estimator: Estimator) -> None:
    assert estimator.estimate("100 kcal of bread").total.kcal == pytest.approx(100, abs=0.5)


def test_what_was_left_of_everything_is_not_counted(estimator: Estimator) -> None:
    assert estimator.estimate("everything but the salad").items == ()
    eaten = estimator.estimate("everything except the rice: chicken, rice, beans").items
    assert [item.text for item in eaten] == ["chicken", "beans"]
