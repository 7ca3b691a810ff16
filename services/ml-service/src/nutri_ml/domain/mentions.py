"""Cuts a meal text into mentions: the shortest stretches that speak of one food each."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from nutri_ml.domain.noise import without_noise, without_what_was_not_eaten
from nutri_ml.domain.numerals import ONES, TEENS, TENS, with_digits

_INTO = (
    "coffee|tea|espresso|latte|porridge|oatmeal|oats|cereal|granola|smoothie|yogurt|yoghurt|soup"
    "|water|milk|juice"
)
# A comma inside a number separates nothing ("1,5 l"), nor does the "and" of "one and a half";
# "on the cob" is part of a name, "eggs on toast" are two foods.
SEPARATOR = re.compile(
    rf"""(?<!\d),|,(?!\d)|[;\n+•|→]|&(?!\s*\d+\s*/)|[.!?]+(?=\s|$)|:(?=\s|$)
    |(?:(?<=\s)|^)[-–—*](?=\s)(?!\s*\d[\d\s]*$)|(?<=[^\W\d_])\s*/\s*(?=[^\W\d_])|\bw/(?!o\b)|\bw\b(?=\s)
    |\b(?:as\ well\ as|along\ with|together\ with|followed\ by|served\ with|topped\ with)\b
    |\bincl(?:uding\b|\b\.?)|\b(?:with|plus|then|alongside|but|afterwards|later|also)\b|\bover\b(?!\s+easy)|(?<=\s)['’]?n['’]?(?=\s)
    |(?:(?<=avocado)|(?<=avo)|(?<=butter)|(?<=jam)|(?<=honey)|(?<=nutella))\s+(?=toast\b)
    |\band\b(?!\s+(?:a\s+)?(?:half|quarter|third|\d+\s*/\s*\d+)\b)
    |\bon\b(?!\s+(?:the|a|my|top)\b|\s*$)|\bin\b(?=\s+(?:my\s+|the\s+|an?\s+|some\s+)?(?:\w+\s+)?(?:{_INTO})\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_RANGE = re.compile(r"(?<=\d)(\s*)[–—-](\s*)(?=\d)")
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join([*ONES, *TEENS, *TENS])})\b", re.IGNORECASE)
_AND = r"(?:and|&|['’]?n['’]?)"
# "ham and pickle sandwich" is one thing, "soup and ham sandwich" are two.
_FILLED = (
    rf"\b(?:ham|cheese|bacon|egg|tuna|chicken|turkey|beef|salmon|prawn|cucumber|tomato|lettuce|mayo"
    rf"|spinach|leek|mushroom|onion|sausage|salt|butter)\s+{_AND}\s+\w+\s+"
    r"(?:sandwich|toastie|panini|baguette|wrap|sub|ravioli|quiche|omelette|pie|crisp)(?:e?s)?\b"
)
# What stands around a mention and is no part of it.
EDGES = ' \t\n,;.:!?()[]{}"“”-–—*~'


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch: as written, as it is to be read, and the word that joins it to the last.

    `lead` is what is written between the two, and `at` is where it begins in the tidy text.
    """

    text: str
    reading: str
    joint: str = ""
    lead: str = ""
    at: int = 0


def tidy(text: str) -> str:
    """Brings letters and fractions to one form: `½` becomes ` 1/2`."""
    text = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞↉])", " ", text)
    text = re.sub(r"(?<=\d)(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])", "^", text)
    return unicodedata.normalize("NFKC", text).replace("\u2044", "/")


def names_that_hold_a_separator(phrases: Iterable[str]) -> tuple[str, ...]:
    """Finds names such as "macaroni and cheese", which must not be cut; longest first."""
    held = {p for p in phrases if SEPARATOR.search(p) or _NUMBER_WORD.search(p) or "free" in p}
    return tuple(sorted(held, key=lambda phrase: (-len(phrase), phrase)))


def _pattern(name: str) -> str:
    """A name as people write it: "sweet and sour" is "sweet & sour", too."""
    escaped = re.escape(name).replace(r"\ and\ ", rf"\s+{_AND}\s+").replace(r"\-free", r"[\s-]free")
    return rf"\b{escaped}(?:e?s)?\b"


class Splitter:
    """Cuts texts at separators, except inside the names it was given."""

    def __init__(self, phrases: Iterable[str]) -> None:
        names = map(_pattern, names_that_hold_a_separator(phrases))
        self._uncut = re.compile("|".join([*names, _FILLED]), re.IGNORECASE)

    def split(self, text: str) -> list[Piece]:
        pieces = list(self._pieces(tidy(text)))
        for place, (before, piece) in enumerate(pairwise(pieces), start=1):
            if not before.text and piece.joint == ":":
                # What stands before the colon says nothing, so it heads nothing.
                pieces[place] = replace(piece, joint="")
        return [piece for piece in pieces if piece.text]

    def _pieces(self, text: str) -> Iterator[Piece]:
        reading = self._readable(text)
        uncut = [match.span() for match in self._uncut.finditer(reading)]
        start, joint, lead = 0, "", ""
        for separator in SEPARATOR.finditer(reading):
            if any(a <= separator.start() < b for a, b in uncut):
                continue
            yield _piece(text, reading, start, separator.start(), joint, lead)
            start, joint = separator.end(), separator[0].strip().lower()
            lead = text[separator.start() : start]
        yield _piece(text, reading, start, len(text), joint, lead)

    def _readable(self, text: str) -> str:
        """The text at the same length: numbers in digits, without noise and what was not eaten."""
        named = {n for a, b in (m.span() for m in self._uncut.finditer(text)) for n in range(a, b)}
        reading = with_digits(text, lambda place: place in named)
        reading = without_noise(_RANGE.sub(r"\1-\2", reading))
        return without_what_was_not_eaten(reading, self._uncut)


def trimmed(text: str) -> str:
    """Takes off what stands around; a bracket that closes one inside stays."""
    inner = text.strip(EDGES)
    after = text[text.find(inner) + len(inner) :] if inner else ""
    return f"{inner})" if inner.count("(") > inner.count(")") and after[:1] == ")" else inner


def _piece(text: str, reading: str, start: int, end: int, joint: str, lead: str) -> Piece:
    stretch, written = reading[start:end], text[start:end]
    lead += written[: len(written) - len(written.lstrip(EDGES))]
    return Piece(trimmed(written) if stretch.strip() else "", stretch, joint, lead, at=start)
