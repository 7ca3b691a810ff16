from collections.abc import Sequence

import pytest

from nutri_ml.domain.food import FoodTable
from nutri_ml.domain.matching import REMEMBERED, Matcher, NotWanted
from nutri_ml.domain.ports import Vectors
from nutri_ml.domain.spelling import Likeness
from tools.calibrate import read_labels


def accuracy(matcher: Matcher, labels: list[tuple[str, str]]) -> float:
    matches = matcher.match([mention for mention, _ in labels])
    return sum(
        match.best.food.id == food for match, (_, food) in zip(matches, labels, strict=True)
    ) / len(labels)


def test_every_name_and_synonym_finds_its_own_food(table: FoodTable, matcher: Matcher) -> None:
    names = [(phrase, food.id) for food in table.foods for phrase in food.phrases]
    matches = matcher.match([phrase for phrase, _ in names])
    strays = [
        (phrase, match.best.food.id)
        for (phrase, food), match in zip(names, matches, strict=True)
        if match.best.food.id != food
    ]
    assert strays == []


def test_meaning_and_spelling_find_no_less_than_spelling_alone(
    matcher: Matcher, spelling_matcher: Matcher
) -> None:
    labels = [(mention, food) for mention, food in read_labels() if food]
    by_both = accuracy(matcher, labels)
    by_spelling = accuracy(spelling_matcher, labels)
    assert by_both >= 0.93
    assert by_both >= by_spelling


@pytest.mark.parametrize(
    ("mention", "food"),
    [
        ("fungi", "mushrooms"),
        ("poultry", "chicken-breast"),
        ("legumes", "peas"),
        ("rodent", "rabbit"),
    ],
)
def test_words_that_are_spelled_like_another_food_are_found_by_meaning(
    matcher: Matcher, spelling_matcher: Matcher, mention: str, food: str
) -> None:
    (by_both,) = matcher.match([mention])
    (by_spelling,) = spelling_matcher.match([mention])
    assert by_both.best.food.id == food
    assert by_spelling.best.food.id != food


def test_a_match_does_not_depend_on_what_else_is_asked(matcher: Matcher) -> None:
    alone = matcher.match(["grilled aubergine"])
    among = matcher.match(["a very long mention of something else", "grilled aubergine", "egg"])
    assert alone[0] == among[1]


def test_nothing_asked_is_nothing_matched(matcher: Matcher) -> None:
    assert matcher.match([]) == []


@pytest.mark.parametrize(
    ("mention", "likeness"), [("egg", 1.0), ("eggs", 1.0), ("xyz", 0.0), ("", 0.0)]
)
def test_spelling_is_judged_by_shared_trigrams(mention: str, likeness: float) -> None:
    assert Likeness(["egg", "toast"]).likeness(mention)[0] == pytest.approx(likeness)


@pytest.fixture
def encoded(matcher: Matcher, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model is asked for, from nothing remembered on."""
    encoded: list[str] = []
    encode = matcher._encoder.encode

    def encode_counted(texts: Sequence[str]) -> Vectors:
        encoded.extend(texts)
        return encode(texts)

    monkeypatch.setattr(matcher._encoder, "encode", encode_counted)
    matcher._fitted.cache_clear()
    return encoded


def test_what_was_asked_before_is_matched_alike_without_the_model(
    matcher: Matcher, encoded: list[str]
) -> None:
    first = matcher.match(["egg", "toast", "egg"])
    assert matcher.match(["toast", "egg"]) == [first[1], first[0]]
    assert encoded == ["egg", "toast"]
    # People say a few thousand different things, and whoever says others takes no more memory.
    assert matcher._fitted.cache_info().maxsize == REMEMBERED


def test_matching_stops_at_the_mention_at_which_nobody_waits_any_more(
    matcher: Matcher, encoded: list[str]
) -> None:
    answers = iter([True, True, False])
    with pytest.raises(NotWanted):
        matcher.match(["egg", "toast", "milk", "tea"], lambda: next(answers))
    assert encoded == ["egg", "toast"]
