"""Number words, written as digits: `twenty five` becomes `25`.

Every text keeps its length, so that a place in the rewritten text is a place in the text as it was
written: digits are never longer than their words, and spaces fill the rest.
"""

import re
from collections.abc import Callable

ONES = "one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
VALUES = {
    **{word: n for n, word in enumerate([*ONES, *TEENS], 1)},
    **{word: 10 * n for n, word in enumerate(TENS, 2)},
}

_BELOW_100 = (
    rf"(?:(?:{'|'.join(TENS)})(?:[\s-]+(?:{'|'.join(ONES)}))?|{'|'.join(TEENS)}|{'|'.join(ONES)})"
)
_BELOW_1000 = (
    rf"(?:(?:(?:{_BELOW_100}|an?|\d{{1,2}})\s+)?hundred(?:\s+(?:and\s+)?{_BELOW_100})?"
    rf"|{_BELOW_100})"
)
_NUMBER = re.compile(
    rf"\b(?:(?:(?:{_BELOW_1000}|an?|\d{{1,3}})\s+)?thousand(?:\s+(?:and\s+)?{_BELOW_1000})?"
    rf"|{_BELOW_1000})\b(?!['’])",
    re.IGNORECASE,
)
_DOZENS = re.compile(
    r"\b(?:(?P<half>half\s+(?:an?\s+)?)|(?:(?P<count>\d{1,3})|an?)\s+)?dozens?\b(?:\s+of\b)?",
    re.IGNORECASE,
)
# "one fifty grams", "6 pack of beer"
_HUNDREDS = re.compile(
    rf"\b(?P<one>{'|'.join(ONES)})\s+(?P<ten>{'|'.join(TENS)})(?=\s*(?:g|gr|grams?|ml|kcal)\b)",
    re.IGNORECASE,
)
_PACKS = re.compile(r"\b(?P<count>\d{1,2})[\s-]*packs?\s+of\b", re.IGNORECASE)
# As loose as the words are; three is what most people mean by a few.
_LOOSE = re.compile(
    r"\b(?:(?P<two>(?:an?\s+)?(?:couple(?:\s+of)?|pair\s+of))|(?:an?\s+)?few|several)\b",
    re.IGNORECASE,
)


def value_of(words: str) -> int:
    """Reads one number as it is said: `two hundred and fifty`."""
    total = current = 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word.isdigit():
            current += int(word)
        else:
            current += VALUES.get(word, 0)
    return total + current


def with_digits(text: str, is_name: Callable[[int], bool] = lambda _: False) -> str:
    """Writes numbers as digits, except where `is_name` says that a name of a food begins."""

    def fill(match: re.Match[str], number: int) -> str:
        return match[0] if is_name(match.start()) else str(number).ljust(len(match[0]))

    text = _HUNDREDS.sub(lambda match: fill(match, _hundreds(match)), text)
    text = _NUMBER.sub(lambda match: fill(match, value_of(match[0])), text)
    text = _DOZENS.sub(lambda match: fill(match, _dozens(match)), text)
    text = _PACKS.sub(lambda match: fill(match, int(match["count"])), text)
    return _LOOSE.sub(lambda match: fill(match, 2 if match["two"] else 3), text)


def _dozens(match: re.Match[str]) -> int:
    return 6 if match["half"] else 12 * int(match["count"] or 1)


def _hundreds(match: re.Match[str]) -> int:
    return 100 * value_of(match["one"]) + value_of(match["ten"])
