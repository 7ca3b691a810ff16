"""What a reader makes of a text, without a model."""

import pytest

from nutri_ml.domain.amount import Amount, take_amount
from nutri_ml.domain.reading import Reader

READER = Reader(
    ["egg", "toast", "ham", "pizza", "cheese", "tuna", "rice", "beans", "chicken"],
    lambda word: len(word) > 1,
)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2 eggs 2 toast", ["2 eggs", "2 toast"]),
        ("2 eggs 2 toast 100 g ham", ["2 eggs", "2 toast", "100 g ham"]),
        ("1 slice pizza 2 x 30 g cheese", ["1 slice pizza", "2 x 30 g cheese"]),
        ("1 can tuna 120 g", ["1 can tuna 120 g"]),
        ("2 eggs 100 g", ["2 eggs 100 g"]),
    ],
)
def test_each_amount_with_a_food_of_its_own_is_a_mention(text: str, read: list[str]) -> None:
    assert [mention.text for mention in READER.read(text)] == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("everything except the rice: chicken, rice, beans", ["chicken", "beans"]),
        ("chicken, rice and beans, everything but the rice", ["chicken", "beans"]),
        ("everything but the rice: chicken, rice. Dinner: rice", ["chicken", "rice"]),
        ("rice\nlater all except the rice: ham, rice", ["rice", "ham"]),
    ],
)
def test_what_was_left_out_is_left_out_of_its_own_sentence(text: str, read: list[str]) -> None:
    assert [mention.text for mention in READER.read(text)] == read


@pytest.mark.parametrize("text", ["2 egg ", "2 egg 100 g ham ", "a 1 ", "egg 1 g "])
def test_a_text_is_read_as_often_as_it_is_long(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the text is twice the work, and not four times."""
    lengths: list[int] = []

    def counted(words: str) -> tuple[Amount, str, str]:
        lengths.append(len(words))
        return take_amount(words)

    monkeypatch.setattr("nutri_ml.domain.reading.take_amount", counted)

    def characters(times: int) -> int:
        lengths.clear()
        READER.read(text * times)
        return sum(lengths)

    assert characters(400) <= 2.5 * characters(200)
