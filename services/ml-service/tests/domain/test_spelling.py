import pytest

from nutri_ml.domain.spelling import Speller

NAMES = ["banana", "chicken breast", "caesar salad", "ice cream", "bread", "honey", "strawberries"]
WORDS = frozenset({"cesar", "port", "cake", "sherry", "bread"})
SPELLER = Speller(NAMES, ["slices", "grams"], WORDS.__contains__)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("bannana", "banana"),
        ("2 slises of bred", "2 slices of bread"),
        ("chiken brest", "chicken breast"),
        ("icecream", "ice cream"),
        ("hunny", "honey"),
        ("strawberrys", "strawberries"),
        ("port and sherry", "port and sherry"),
        ("quinoa", "quinoa"),
        ("xyzzy", "xyzzy"),
        ("egg", "egg"),
    ],
)
def test_words_that_are_none_are_mended_if_one_of_the_kitchen_is_near(
    written: str, meant: str
) -> None:
    assert SPELLER.mend(written) == meant


def test_a_real_word_is_mended_where_that_makes_a_name() -> None:
    assert SPELLER.mend_name("cesar salad") == "caesar salad"
    assert SPELLER.mend_name("cesar") == "cesar"
    assert SPELLER.mend_name("port salad") == "port salad"
