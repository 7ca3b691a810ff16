"""How much of a food a mention speaks of: a count or a measure, and the words that are left."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "another": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "half": 0.5,
    "quarter": 0.25,
    "third": 1 / 3,
    "halves": 0.5,
    "quarters": 0.25,
    "thirds": 1 / 3,
    "couple": 2,
    "few": 3,
    "several": 3,
    "dozen": 12,
}

GRAMS = {
    **dict.fromkeys(("g", "gr", "gm", "gms", "gram", "grams", "gramme", "grammes"), 1.0),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), 1000.0),
    **dict.fromkeys(("mg", "milligram", "milligrams"), 0.001),
    **dict.fromkeys(("oz", "ounce", "ounces"), 28.35),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), 453.6),
}
MILLILITRES = {
    **dict.fromkeys(("ml", "mls", "millilitre", "millilitres", "milliliter", "milliliters"), 1.0),
    **dict.fromkeys(("cl", "centilitre", "centilitres"), 10.0),
    **dict.fromkeys(("dl", "decilitre", "decilitres"), 100.0),
    **dict.fromkeys(("l", "litre", "litres", "liter", "liters"), 1000.0),
    **dict.fromkeys(("fl oz", "fluid ounce", "fluid ounces"), 29.57),
}
# Measures of the household; what one weighs depends on the food (`portions`).
HOUSEHOLD = {
    alias: name
    for name, aliases in {
        "cup": "cup cups",
        "tbsp": "tbsp tbsps tbs tablespoon tablespoons tablespoonful tablespoonfuls",
        "tsp": "tsp tsps teaspoon teaspoons teaspoonful teaspoonfuls",
        "glass": "glass glasses tumbler tumblers",
        "mug": "mug mugs",
        "bowl": "bowl bowls bowlful bowlfuls",
        "plate": "plate plates plateful",
        "pint": "pint pints",
        "bottle": "bottle bottles",
        "can": "can cans tin tins",
        "pot": "pot pots tub tubs container containers",
        "shot": "shot shots",
        "slice": "slice slices",
        "rasher": "rasher rashers",
        "piece": "piece pieces chunk chunks square squares",
        "wedge": "wedge wedges",
        "fillet": "fillet fillets filet filets",
        "link": "link links",
        "stalk": "stalk stalks stick sticks",
        "spear": "spear spears",
        "clove": "clove cloves",
        "ear": "ear ears",
        "scoop": "scoop scoops",
        "handful": "handful handfuls",
        "bag": "bag bags packet packets pack packs",
        "bar": "bar bars",
        "ball": "ball balls",
        "cube": "cube cubes",
        "pat": "pat pats knob knobs",
        "dollop": "dollop dollops",
        "splash": "splash splashes",
        "drizzle": "drizzle drizzles",
        "pinch": "pinch pinches dash dashes",
        "serving": "serving servings portion portions helping helpings order orders",
    }.items()
    for alias in aliases.split()
}
SIZES = {
    **dict.fromkeys(("tiny", "mini"), "tiny"),
    **dict.fromkeys(("small", "little", "thin"), "small"),
    **dict.fromkeys(("medium", "regular", "average", "medium-sized"), "medium"),
    **dict.fromkeys(("large", "big", "thick", "generous", "heaped", "tall"), "large"),
    **dict.fromkeys(("huge", "extra-large", "xl", "giant"), "huge"),
}

# More than any meal; keeps "a dozen dozen dozen …" finite.
QUANTITY_MAX = 100_000.0


class Kind(Enum):
    """What a quantity is counted in."""

    UNSAID = "unsaid"
    COUNT = "count"
    GRAMS = "grams"
    MILLILITRES = "millilitres"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of a kind; `measure` names the household measure, `size` how big one is."""

    quantity: float
    kind: Kind
    measure: str = ""
    size: str = "medium"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# Longer runs of digits are no amounts that anybody eats.
_DECIMAL = r"\d{1,6}(?:[.,]\d{1,6})?"
_FRACTION = r"\d{1,6}\s*/\s*[1-9]\d{0,5}"
_NAME = rf"(?:{_any_of(NUMBERS)})"
_PART = r"(?:a\s+)?(?:half|quarter|third)"
_NUMBER = (
    rf"\d{{1,6}}\s+{_FRACTION}|{_FRACTION}|{_DECIMAL}\s*(?:-|–|to|or)\s*{_DECIMAL}|{_DECIMAL}"
    rf"|{_NAME}(?:\s+and\s+{_PART})?(?:\s+(?:a\s+|an\s+)?{_NAME})*(?!['’])"
)
_SIZE = rf"(?:{_any_of(SIZES)})"
_UNIT = rf"(?:{_any_of([*GRAMS, *MILLILITRES, *HOUSEHOLD])})"
# "2 large slices of", "200g", "3 x 30 g", "half a cup"; or a measure alone: "glass of".
_AMOUNT = re.compile(
    rf"(?<![\w/.])(?:(?P<times>\d{{1,6}})\s*[x×]\s*)?"
    rf"(?:(?P<number>{_NUMBER})(?:\s+and\s+(?P<and>{_PART}|{_FRACTION}))?(?![\d/]|\s*%))"
    rf"(?:\s+of\b)?(?:\s+(?:the|an?)\b)?(?:\s*-?(?P<size>{_SIZE})\b)?"
    rf"(?:\s*-?(?P<unit>{_UNIT})\b\.?)?(?:\s+of\b)?(?!\w)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\b(?:(?P<size>{_SIZE})\s+)?(?P<unit>{_any_of(HOUSEHOLD)})\s+of\b", re.IGNORECASE
)
_TRAILING = re.compile(
    r"(?<=\w)\s+(?P<unit>slices?|fillets?|pieces?|wedges?|cloves?|spears?|rashers?|stalks?)\s*$",
    re.IGNORECASE,
)
_SIZED = re.compile(rf"\b(?P<size>{_SIZE})\b", re.IGNORECASE)


def _number(text: str) -> float:
    """Reads one number: `1 1/2`, `2-3` (their mean), `one and a half`, `half a dozen`."""
    text = text.lower().strip()
    if span := re.fullmatch(rf"({_DECIMAL})\s*(?:-|–|to|or)\s*({_DECIMAL})", text):
        return (_number(span[1]) + _number(span[2])) / 2
    if fraction := re.fullmatch(r"(?:(\d+)\s+)?(\d+)\s*/\s*(\d+)", text):
        return int(fraction[1] or 0) + int(fraction[2]) / int(fraction[3])
    if re.fullmatch(r"\d+,\d{3}", text):
        return float(text.replace(",", ""))
    if text[0].isdigit():
        return float(text.replace(",", "."))
    whole, joined, part = text.partition(" and ")
    value = 1.0
    for word in whole.split():
        value *= NUMBERS[word]
    return value + (_number(part) if joined else 0.0)


def _of_unit(quantity: float, unit: str, size: str) -> Amount:
    quantity = min(quantity, QUANTITY_MAX)
    unit = re.sub(r"\s+", " ", unit.lower())
    if unit in GRAMS:
        return Amount(quantity * GRAMS[unit], Kind.GRAMS)
    if unit in MILLILITRES:
        return Amount(quantity * MILLILITRES[unit], Kind.MILLILITRES)
    if unit in HOUSEHOLD:
        return Amount(quantity, Kind.HOUSEHOLD, HOUSEHOLD[unit], size)
    return Amount(quantity, Kind.COUNT, size=size)


def read_amount(mention: str) -> tuple[Amount, str]:
    """Takes the amount out of a mention; gives it and the rest of the words."""
    found = _AMOUNT.search(mention)
    bare = _BARE.search(mention)
    if found is None and bare is None:
        return _amount_unsaid(mention)

    match = found or bare
    assert match is not None, "one of the two was found"
    groups = match.groupdict()
    quantity = _number(groups["number"]) if groups.get("number") else 1.0
    quantity += _number(groups["and"].removeprefix("a ")) if groups.get("and") else 0.0
    quantity *= int(groups.get("times") or 1)
    rest = f"{mention[: match.start()]} {mention[match.end() :]}"
    size = SIZES[(groups.get("size") or "medium").lower()]

    unit = groups.get("unit") or ""
    if not unit:
        unit, rest = _trailing_unit(rest)
    if not unit and size == "medium":
        size, rest = _size_in(rest)
    return _of_unit(quantity, unit, size), rest.strip()


def _amount_unsaid(mention: str) -> tuple[Amount, str]:
    unit, rest = _trailing_unit(mention)
    size, rest = _size_in(rest)
    if unit:
        return _of_unit(1.0, unit, size), rest
    return Amount(1.0, Kind.UNSAID, size=size), rest


def _trailing_unit(text: str) -> tuple[str, str]:
    match = _TRAILING.search(text)
    return (match["unit"], text[: match.start()]) if match else ("", text)


def _size_in(text: str) -> tuple[str, str]:
    match = _SIZED.search(text)
    if match is None:
        return "medium", text
    return SIZES[match["size"].lower()], text[: match.start()] + text[match.end() :]
