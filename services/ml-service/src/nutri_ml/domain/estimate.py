"""The use case: from a meal text to foods, grams and nutrients."""

from dataclasses import dataclass

from nutri_ml.domain.amount import Amount, Kind, read_amount
from nutri_ml.domain.confidence import THRESHOLD, confidence
from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.matching import Matcher
from nutri_ml.domain.mentions import Splitter
from nutri_ml.domain.nutrients import Nutrients, add
from nutri_ml.domain.portions import grams_of
from nutri_ml.domain.ports import Wanted
from nutri_ml.domain.words import food_words

MENTIONS_MAX = 50


class TooManyMentions(ValueError):
    """The text speaks of more foods than one meal has."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} foods are mentioned; at most {MENTIONS_MAX} can be estimated")


@dataclass(frozen=True, slots=True)
class Item:
    """A food that was recognised in the text."""

    food: Food
    grams: float
    nutrients: Nutrients
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a meal held, and the mentions that we could not name."""

    items: tuple[Item, ...]
    unknown: tuple[str, ...]
    total: Nutrients
    confidence: float


@dataclass(frozen=True, slots=True)
class Mention:
    """One stretch of the text: as written, how much, and the words that name the food."""

    text: str
    amount: Amount
    food_words: str


class Estimator:
    """Estimates meals with one food table and one model. Holds no state between texts."""

    def __init__(self, table: FoodTable, matcher: Matcher) -> None:
        self._splitter = Splitter(phrase for food in table.foods for phrase in food.phrases)
        self._matcher = matcher

    def estimate(self, text: str, wanted: Wanted = lambda: True) -> Estimate:
        mentions = self.read(text)
        if len(mentions) > MENTIONS_MAX:
            raise TooManyMentions(len(mentions))

        matches = self._matcher.match([mention.food_words for mention in mentions], wanted)
        items, unknown = [], []
        for mention, match in zip(mentions, matches, strict=True):
            sureness = confidence(match.evidence)
            if sureness < THRESHOLD:
                unknown.append(mention.text)
            else:
                items.append(weigh(mention, match.food, sureness))
        return sum_up(items, unknown)

    def read(self, text: str) -> list[Mention]:
        """Splits a text; stretches without a food word ("for lunch I had") say nothing."""
        read: list[Mention] = []
        for stretch in self._splitter.split(text):
            amount, rest = read_amount(stretch)
            words = food_words(rest)
            if any(letter.isalpha() for letter in words):
                read.append(Mention(stretch, amount, words))
            elif read and read[-1].amount.kind is Kind.UNSAID and amount.kind is not Kind.UNSAID:
                read[-1] = said_later(read[-1], stretch, amount)
        return read


def said_later(mention: Mention, stretch: str, amount: Amount) -> Mention:
    """Gives "salmon, 150 g" its amount: the comma stood between a food and how much of it."""
    return Mention(f"{mention.text}, {stretch}", amount, mention.food_words)


def weigh(mention: Mention, food: Food, sureness: float) -> Item:
    grams = grams_of(food, mention.amount)
    return Item(food, grams, food.per_100_g.of_grams(grams), sureness, mention.text)


def sum_up(items: list[Item], unknown: list[str]) -> Estimate:
    """Adds the items up; the whole is as sure as its mentions are on average, unknown ones none."""
    count = len(items) + len(unknown)
    mean = sum(item.confidence for item in items) / count if count else 0.0
    total = add(item.nutrients for item in items) if items else Nutrients()
    return Estimate(tuple(items), tuple(unknown), total, round(mean, 3))
