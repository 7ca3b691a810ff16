"""Spelling: mistakes are mended, and names are compared letter by letter."""

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from nutri_ml.domain.ports import Vectors
from nutri_ml.domain.words import FILLERS, MAKERS, MANNERS, fold, normal_form, singular, split_words

# Real words that are written for the name of a food that sounds the same, and short forms.
MEANT = {
    "bred": "bread",
    "brest": "breast",
    "leak": "leek",
    "leaks": "leeks",
    "stake": "steak",
    "moose": "mousse",
    "flower": "flour",
    "muscles": "mussels",
    "serial": "cereal",
    "beat": "beet",
    "tee": "tea",
    "pairs": "pears",
    **dict.fromkeys(("choc", "choccy"), "chocolate"),
    **dict.fromkeys(("sarnie", "butty", "sammich", "samwich", "sammie", "sando"), "sandwich"),
    "mozz": "mozzarella",
    "parm": "parmesan",
    "strawbs": "strawberries",
    "marg": "margarine",
}
LETTERS_MIN = 4
MISTAKES_MAX = 2
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def mistakes_allowed(word: str) -> int:
    return 1 if len(word) <= 7 else MISTAKES_MAX


def _is_likely(word: str, candidate: str) -> bool:
    """Few are wrong about the first letter; in a short word a letter is left out or doubled."""
    if len(word) <= 4 and len(word) == len(candidate) and sorted(word) != sorted(candidate):
        return False
    return candidate[0] == word[0] or len(word) > 5


def skeleton(word: str) -> str:
    """Consonants without doubles: what is left of a word that is written as it sounds."""
    bones = re.sub(r"[aeiouy]", "", word.replace("ph", "f").replace("ck", "k").replace("c", "k"))
    return word[0] + re.sub(r"(.)\1+", r"\1", bones)


class Speller:
    """Mends words that are no words, if exactly one word of the kitchen is near."""

    def __init__(
        self, phrases: Iterable[str], others: Iterable[str], is_word: Callable[[str], bool]
    ) -> None:
        phrases = list(phrases)
        # The words of names, and how many names each is in.
        self._names: dict[str, int] = {}
        for word in (word for phrase in phrases for word in split_words(phrase)):
            self._names[word] = self._names.get(word, 0) + 1
        self._known = frozenset({*self._names, *others, *FILLERS, *MAKERS, *MANNERS})
        self._candidates = sorted(w for w in {*self._names, *others} if len(w) >= LETTERS_MIN - 1)
        self._skeletons = {word: skeleton(word) for word in self._candidates}
        self._joined = {"".join(split_words(p)): p for p in phrases if " " in p}
        self._is_word = is_word
        self._forms = frozenset(map(normal_form, phrases))

    def mend(self, text: str) -> str:
        return _WORD.sub(lambda match: self._mend_word(match[0]), text)

    def mend_name(self, words: str) -> str:
        """Mends real words too, if that makes a name of several words: `cesar salad`."""
        parts = words.split()
        if len(parts) < 2 or normal_form(words) in self._forms:
            return words
        for n, word in enumerate(parts):
            if word in self._names or len(word) < LETTERS_MIN:
                continue
            for near in self._near(word, 1):
                mended = " ".join([*parts[:n], near, *parts[n + 1 :]])
                if normal_form(mended) in self._forms:
                    return mended
        return words

    def _mend_word(self, written: str) -> str:
        word = fold(written)
        if word in MEANT:
            return MEANT[word]
        if len(word) < LETTERS_MIN or self._is_known(word):
            return written
        if word in self._joined:
            return self._joined[word]
        near = self._near(word, mistakes_allowed(word))
        return near[0] if near else written

    def _is_known(self, word: str) -> bool:
        # "strawberrys" is "strawberry" with an ending; a word of the language may mean anything.
        return word in self._known or singular(word) in self._known or self._is_word(word)

    def _near(self, word: str, allowed: int) -> list[str]:
        """The words within reach, nearest first; the more names a word is in, the likelier."""
        bones = skeleton(word)
        found = []
        for candidate, distance, _ in process.extract(
            word, self._candidates, scorer=OSA.distance, score_cutoff=MISTAKES_MAX, limit=None
        ):
            same = self._skeletons[candidate] == bones
            reach = max(allowed, MISTAKES_MAX if same else 0)
            if distance <= reach and _is_likely(word, candidate):
                far = distance - 0.5 * same + (candidate[0] != word[0])
                found.append((far, -self._names.get(candidate, 0), candidate))
        return [candidate for *_, candidate in sorted(found)]


def trigrams(phrase: str) -> frozenset[str]:
    """The three-letter windows of every word, so that order of words does not count."""
    padded = (f" {word} " for word in normal_form(phrase).split())
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


class Likeness:
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
