import pytest

from nutri_ml.domain.words import food_words, normal_form


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("for breakfast I had my usual porridge", "porridge"),
        ("Fresh Strawberries", "fresh strawberries"),
        ("Crème brûlée", "creme brulee"),
        ("2% milk", "2 % milk"),
        ("I’ve had", ""),
    ],
)
def test_only_words_that_name_the_food_are_kept(text: str, kept: str) -> None:
    assert food_words(text) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("boiled eggs", "egg boiled"),
        ("cherries", "cherry"),
        ("tomatoes", "tomato"),
        ("loaves", "loaf"),
        ("radishes", "radish"),
    ],
)
def test_order_and_plurals_do_not_count(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize("word", ["hummus", "couscous", "swiss", "peas"])
def test_words_that_only_look_plural_stay_apart_from_others(word: str) -> None:
    assert normal_form(word) in {word, "pea"}
