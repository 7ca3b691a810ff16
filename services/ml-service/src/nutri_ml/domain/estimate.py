"""The use case: from a meal text to foods, grams and nutrients."""

from collections.abc import Callable
from dataclasses import dataclass

from nutri_ml.domain.doubts import is_doubtful
from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.matching import Candidate, Match, Matcher
from nutri_ml.domain.nutrients import Nutrients, add
from nutri_ml.domain.portions import grams_beside, grams_of
from nutri_ml.domain.ports import Wanted
from nutri_ml.domain.reading import Mention, Reader

MENTIONS_MAX = 50


class TooManyMentions(ValueError):
    """The text speaks of more foods than one meal has."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} foods are mentioned; at most {MENTIONS_MAX} can be estimated")


@dataclass(frozen=True, slots=True)
class Item:
    """A food that was recognised in the text, and what else it may have been."""

    food: Food
    grams: float
    nutrients: Nutrients
    confidence: float
    text: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """A mention that we could not name, and what it may have been."""

    text: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a meal held, and the mentions that we could not name."""

    items: tuple[Item, ...]
    guesses: tuple[Guess, ...]
    total: Nutrients
    confidence: float

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(guess.text for guess in self.guesses)


class Estimator:
    """Estimates meals with one food table and one model. Holds no state between texts."""

    def __init__(self, table: FoodTable, matcher: Matcher, is_word: Callable[[str], bool]) -> None:
        self._reader = Reader(table.phrases, is_word)
        self._matcher = matcher

    def probe(self, text: str) -> None:
        """Runs the model once; raises when it cannot."""
        self._matcher.probe(text)

    def estimate(self, text: str, wanted: Wanted = lambda: True) -> Estimate:
        mentions = self._reader.read(text)
        if len(mentions) > MENTIONS_MAX:
            raise TooManyMentions(len(mentions))

        named = iter(self._matcher.match([m.food_words for m in mentions if m.food_words], wanted))
        matches = [next(named) if mention.food_words else Match((), False) for mention in mentions]
        return sum_up(without_repeats(list(zip(mentions, matches, strict=True))))


def without_repeats(found: list[tuple[Mention, Match]]) -> list[tuple[Mention, Match]]:
    """Drops pictures of what is said in words beside them: "pizza 🍕" is one pizza."""
    spoken = {match.best.food.id for mention, match in found if not mention.drawn and match.known}
    return [
        (mention, match)
        for mention, match in found
        if not mention.drawn
        or not any(candidate.food.id in spoken for candidate in match.candidates)
    ]


def sum_up(found: list[tuple[Mention, Match]]) -> Estimate:
    """Adds the items up; the whole is as sure as its mentions are on average, unknown ones none."""
    items: list[Item] = []
    guesses: list[Guess] = []
    before: Food | None = None
    for mention, match in found:
        if not match.known or is_doubtful(mention, match.best.food):
            guesses.append(Guess(mention.text, match.candidates))
            before = None
            continue
        items.append(weigh(mention, match, before if mention.beside else None))
        before = match.best.food
    count = len(items) + len(guesses)
    mean = sum(item.confidence for item in items) / count if count else 0.0
    total = add(item.nutrients for item in items) if items else Nutrients()
    return Estimate(tuple(items), tuple(guesses), total, round(mean, 3))


def weigh(mention: Mention, match: Match, main: Food | None) -> Item:
    food = match.best.food
    grams = grams_beside(food, mention.amount, main) if main else grams_of(food, mention.amount)
    nutrients = food.per_100_g.of_grams(grams)
    return Item(food, grams, nutrients, match.best.confidence, mention.text, match.candidates)
