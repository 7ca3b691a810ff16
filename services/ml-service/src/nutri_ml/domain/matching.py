"""Finds the food that a mention means: by meaning (MiniLM), by spelling, and word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nutri_ml.domain.confidence import THRESHOLD, Evidence, confidence
from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.ports import Encoder, Vectors, Wanted
from nutri_ml.domain.spelling import Likeness
from nutri_ml.domain.words import FLAVOURS, MAKERS, MANNERS, core, food_words, normal_form, stems

MEANING_WEIGHT = 0.7
CANDIDATES = 3
# Foods that are looked at word by word; the right one is nearly always among them.
LOOKED_AT = 16
# The words are the same, but for how the food was made.
NEARLY_EXACT = 0.7
HARMLESS = MANNERS | MAKERS
# People eat the same things again. Each mention takes some kilobytes.
REMEMBERED = 2048


class NotWanted(Exception):
    """Nobody waits for the matches any more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A food that a mention may mean, and how likely it does."""

    food: Food
    confidence: float


@dataclass(frozen=True, slots=True)
class Match:
    """The likeliest foods, the best one first; `known` says whether it is to be believed."""

    candidates: tuple[Candidate, ...]
    known: bool

    @property
    def best(self) -> Candidate:
        return self.candidates[0]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A food and what speaks for it; no food is a name without figures."""

    food: Food | None
    evidence: Evidence

    @property
    def id(self) -> str:
        return self.food.id if self.food else ""


def encode_names(table: FoodTable, encoder: Encoder) -> Vectors:
    """Encodes every name, in the order of the table."""
    return encoder.encode(table.phrases)


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
        owners = [n for n, food in enumerate(table.foods) for _ in food.phrases]
        # Each name without figures owns itself, behind the foods.
        owners += range(len(table.foods), len(table.foods) + len(table.unlisted))
        self._foods = (*table.foods, *(None for _ in table.unlisted))
        self._owners = np.array(owners)
        self._rows = [np.flatnonzero(self._owners == n) for n in range(len(self._foods))]
        self._encoder = encoder
        self._meaning_weight = meaning_weight
        self._vectors = vectors
        self._likeness = Likeness(table.phrases)
        self._words = [frozenset(stems(_said_of(phrase))) for phrase in table.phrases]
        self._vocabulary = _vocabulary(self._words, owners, len(self._foods))
        self._kitchen = frozenset().union(*self._words)
        self._owner_of_name = _owners_of_names(table.phrases, owners)
        # What fits hangs on the mention alone.
        self._fitted = lru_cache(REMEMBERED)(self._fit_one)

    def probe(self, text: str) -> None:
        """Runs the model on a text, whatever is remembered of it; raises when it cannot."""
        self._encoder.encode([text])

    def match(self, mentions: Sequence[str], wanted: Wanted = lambda: True) -> list[Match]:
        """Matches one mention after the other, as long as somebody waits for them."""
        return [_ranked(fitted) for fitted in self.fit(mentions, wanted)]

    def fit(
        self, mentions: Sequence[str], wanted: Wanted = lambda: True
    ) -> list[tuple[Fitted, ...]]:
        """What speaks for each of the foods that are near, the best fitting first."""
        found = []
        for mention in mentions:
            if not wanted():
                raise NotWanted
            found.append(self._fitted(mention))
        return found

    def _fit_one(self, mention: str) -> tuple[Fitted, ...]:
        # One product per mention: in a product of matrices the last digits depend on the others.
        # And not by BLAS, whose threads would wait for cores that work on other meals.
        (vector,) = self._encoder.encode([mention])
        meaning = np.einsum("ij,j->i", self._vectors, vector)
        spelling = self._likeness.likeness(mention)
        scores = self._meaning_weight * meaning + (1 - self._meaning_weight) * spelling
        named = self._owner_of_name.get(" ".join(stems(mention)))
        if named is None:
            named = self._owner_of_name.get(normal_form(mention))
        said = Said(frozenset(stems(mention)), _last(mention), named)
        near = {*self._nearest(scores), *([] if named is None else [named])}
        fitted = (Fitted(self._foods[it], self._evidence(it, scores, said)) for it in near)
        return tuple(sorted(fitted, key=lambda it: (-it.evidence.fit, it.id)))

    def _nearest(self, scores: Vectors) -> list[int]:
        by_food = np.full(len(self._foods), -1.0, dtype=np.float32)
        np.maximum.at(by_food, self._owners, scores)
        return [int(owner) for owner in np.argsort(-by_food, kind="stable")[:LOOKED_AT]]

    def _evidence(self, owner: int, scores: Vectors, said: "Said") -> Evidence:
        rows = self._rows[owner]
        known = self._vocabulary[owner]
        names = [self._words[row] for row in rows]
        told = said.words - HARMLESS or said.words
        strange = told - known
        if said.last in known:
            strange -= FLAVOURS
        nearly = NEARLY_EXACT * any(_is_nearly(name, said.words) for name in names)
        return Evidence(
            score=float(scores[rows].max()),
            exact=1.0 if owner == said.named else nearly,
            unexplained=len(strange - self._kitchen) / max(len(told), 1),
            foreign=len(strange & self._kitchen) / max(len(told), 1),
            missing=min(_missing(name, said.words) for name in names),
            tail=float(said.last in known),
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A mention's words, the one that tells what kind of thing it is, and whose name they are."""

    words: frozenset[str]
    last: str
    named: int | None


def _is_nearly(name: frozenset[str], words: frozenset[str]) -> bool:
    return name <= words and words - name <= HARMLESS


def _missing(name: frozenset[str], words: frozenset[str]) -> float:
    telling = name - MANNERS or name
    return len(telling - words) / max(len(telling), 1)


def _owners_of_names(phrases: Sequence[str], owners: Sequence[int]) -> dict[str, int]:
    """By the words of a name, and by its words in any order where that leaves no doubt."""
    exact = {" ".join(stems(phrase)): owner for phrase, owner in zip(phrases, owners, strict=True)}
    loose: dict[str, set[int]] = {}
    for phrase, owner in zip(phrases, owners, strict=True):
        for form in {normal_form(phrase), normal_form(_said_of(phrase))}:
            loose.setdefault(form, set()).add(owner)
    said = {
        " ".join(stems(_said_of(phrase))): owner
        for phrase, owner in zip(phrases, owners, strict=True)
    }
    sure = {form: them.pop() for form, them in loose.items() if len(them) == 1}
    return {**sure, **said, **exact}


def _said_of(phrase: str) -> str:
    """What is left of a name when a mention of it is read."""
    return food_words(phrase) or phrase


def _vocabulary(
    words: Sequence[frozenset[str]], owners: Sequence[int], foods: int
) -> list[frozenset[str]]:
    known: list[set[str]] = [set() for _ in range(foods)]
    for name, owner in zip(words, owners, strict=True):
        known[owner] |= name
    return [frozenset(word) for word in known]


def _last(mention: str) -> str:
    """The word that says what kind of thing it is: the pie of "shepherd's pie"."""
    kept = core(mention)
    return next((word for word in reversed(stems(mention)) if word in kept), "")


def _ranked(fitted: tuple[Fitted, ...]) -> Match:
    fits = [it.evidence.fit for it in fitted]
    leads = [fit - (fits[0] if n else fits[1]) for n, fit in enumerate(fits)]
    candidates = [
        Candidate(it.food, confidence(fit, lead))
        for it, fit, lead in zip(fitted, fits, leads, strict=True)
        if it.food is not None
    ]
    known = fitted[0].food is not None and candidates[0].confidence >= THRESHOLD
    return Match(tuple(candidates[:CANDIDATES]), known)
