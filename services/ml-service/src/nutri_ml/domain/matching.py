"""Finds the food that a mention means: nearest by meaning (MiniLM) and by spelling (trigrams)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nutri_ml.domain.confidence import Evidence
from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.ports import Encoder, Vectors, Wanted
from nutri_ml.domain.words import normal_form

# Chosen on `tools/calibration.csv`, which shares no mention with the evaluation meals.
MEANING_WEIGHT = 0.7


class NotWanted(Exception):
    """Nobody waits for the matches any more."""


@dataclass(frozen=True)
class Match:
    """The nearest food, and how near it was."""

    food: Food
    evidence: Evidence


def trigrams(phrase: str) -> frozenset[str]:
    """The three-letter windows of every word, so that order of words does not count."""
    padded = (f" {word} " for word in normal_form(phrase).split())
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


class Spelling:
    """Says how alike two spellings are: Dice's coefficient over trigrams."""

    def __init__(self, phrases: Sequence[str]) -> None:
        grams = [trigrams(phrase) for phrase in phrases]
        self._columns = {gram: n for n, gram in enumerate(sorted(frozenset().union(*grams)))}
        self._sizes = np.array([len(g) for g in grams], dtype=np.float32)
        self._rows = np.zeros((len(phrases), len(self._columns)), dtype=np.float32)
        for row, present in enumerate(grams):
            self._rows[row, [self._columns[gram] for gram in present]] = 1.0

    def likeness(self, mention: str) -> Vectors:
        present = trigrams(mention)
        wanted = [self._columns[gram] for gram in present if gram in self._columns]
        shared = self._rows[:, wanted].sum(axis=1)
        likeness: Vectors = 2 * shared / (self._sizes + max(len(present), 1))
        return likeness


def encode_names(table: FoodTable, encoder: Encoder) -> Vectors:
    """Encodes every name of every food, in the order of the table."""
    return encoder.encode([phrase for food in table.foods for phrase in food.phrases])


class Matcher:
    """Holds every name of every food, with its vector."""

    def __init__(
        self,
        table: FoodTable,
        encoder: Encoder,
        vectors: Vectors,
        meaning_weight: float = MEANING_WEIGHT,
    ) -> None:
        """The vectors are those of `encode_names`."""
        names = [(phrase, n) for n, food in enumerate(table.foods) for phrase in food.phrases]
        phrases = [phrase for phrase, _ in names]
        self._foods = table.foods
        self._owners = np.array([owner for _, owner in names])
        self._encoder = encoder
        self._meaning_weight = meaning_weight
        self._vectors = vectors
        self._spelling = Spelling(phrases)

    def match(self, mentions: Sequence[str], wanted: Wanted = lambda: True) -> list[Match]:
        """Matches one mention after the other, as long as somebody waits for them."""
        return [self._match_one(mention, wanted) for mention in mentions]

    def _match_one(self, mention: str, wanted: Wanted) -> Match:
        if not wanted():
            raise NotWanted
        (vector,) = self._encoder.encode([mention])
        return self._nearest(mention, vector)

    def _nearest(self, mention: str, vector: Vectors) -> Match:
        # One product per mention: in a product of matrices the last digits depend on the others.
        meaning = self._vectors @ vector
        spelling = self._spelling.likeness(mention)
        scores = self._meaning_weight * meaning + (1 - self._meaning_weight) * spelling
        by_food = np.full(len(self._foods), -1.0, dtype=np.float32)
        np.maximum.at(by_food, self._owners, scores)
        best = int(by_food.argmax())
        runner_up = np.partition(by_food, -2)[-2]
        evidence = Evidence(float(by_food[best]), float(by_food[best] - runner_up))
        return Match(self._foods[best], evidence)
