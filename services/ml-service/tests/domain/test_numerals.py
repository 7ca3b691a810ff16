import pytest

from nutri_ml.domain.numerals import with_digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("twenty five grapes", "25 grapes"),
        ("twenty-five grapes", "25 grapes"),
        ("one hundred grams", "100 grams"),
        ("a hundred and fifty grams", "150 grams"),
        ("one fifty grams", "150 grams"),
        ("two hundred and seven", "207"),
        ("three thousand two hundred", "3200"),
        ("half a dozen eggs", "6 eggs"),
        ("two dozen eggs", "24 eggs"),
        ("a dozen", "12"),
        ("a couple of plums", "2 plums"),
        ("several plums", "3 plums"),
        ("one kiwi two figs", "1 kiwi 2 figs"),
        ("6 pack of beer", "6 beer"),
        ("someone's tent", "someone's tent"),
        ("one's", "one's"),
    ],
)
def test_number_words_become_digits_and_the_text_keeps_its_length(text: str, digits: str) -> None:
    found = with_digits(text)
    assert len(found) == len(text)
    assert " ".join(found.split()) == digits


def test_names_of_foods_keep_their_words() -> None:
    assert with_digits("seven up", lambda place: place == 0) == "seven up"
