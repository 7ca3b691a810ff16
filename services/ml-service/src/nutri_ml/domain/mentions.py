"""Cuts a meal text into mentions: the shortest stretches that speak of one food each."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

# A comma inside a number separates nothing ("1,5 l"), nor does the "and" of "one and a half";
# "on the cob" is part of a name, "eggs on toast" are two foods.
SEPARATOR = re.compile(
    r"""(?<!\d),|,(?!\d)|[;\n+&•]|[.!?](?=\s|$)
    |\b(?:as\ well\ as|along\ with|together\ with|followed\ by|served\ with|topped\ with)\b
    |\b(?:with|plus|then|alongside)\b
    |\band\b(?!\s+(?:a\s+)?(?:half|quarter|third|\d+\s*/\s*\d+)\b)
    |\bon\b(?!\s+(?:the|a)\b|\s*$)""",
    re.IGNORECASE | re.VERBOSE,
)


def tidy(text: str) -> str:
    """Brings letters and fractions to one form: `½` becomes ` 1/2`."""
    text = re.sub(r"(?<=\d)(?=[¼½¾⅓⅔⅛])", " ", text)
    return unicodedata.normalize("NFKC", text).replace("\u2044", "/")


def names_that_hold_a_separator(phrases: Iterable[str]) -> tuple[str, ...]:
    """Finds names such as "macaroni and cheese", which must not be cut; longest first."""
    held = {phrase for phrase in phrases if SEPARATOR.search(phrase)}
    return tuple(sorted(held, key=lambda phrase: (-len(phrase), phrase)))


class Splitter:
    """Cuts texts at separators, except inside the names it was given."""

    def __init__(self, phrases: Iterable[str]) -> None:
        names = names_that_hold_a_separator(phrases)
        self._uncut = re.compile(
            "|".join(rf"\b{re.escape(name)}(?:e?s)?\b" for name in names) or r"(?!)",
            re.IGNORECASE,
        )

    def split(self, text: str) -> list[str]:
        return [mention for mention in self._pieces(tidy(text)) if mention]

    def _pieces(self, text: str) -> Iterator[str]:
        uncut = [match.span() for match in self._uncut.finditer(text)]
        start = 0
        for separator in SEPARATOR.finditer(text):
            if any(a <= separator.start() < b for a, b in uncut):
                continue
            yield text[start : separator.start()].strip()
            start = separator.end()
        yield text[start:].strip()
