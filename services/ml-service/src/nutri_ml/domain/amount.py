"""How much of a food a mention speaks of: a count or a measure, and the words that are left."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

# Whole numbers are digits by then (`numerals`); these are what is left.
NUMBERS = {
    "a": 1,
    "an": 1,
    "another": 1,
    "half": 0.5,
    "quarter": 0.25,
    "third": 1 / 3,
    "halves": 0.5,
    "quarters": 0.25,
    "thirds": 1 / 3,
}
ARTICLES = frozenset({"a", "an", "another"})

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
KCAL = {
    f"{unit}{worth}": kcal
    for worth in ("", " worth")
    for unit, kcal in {
        **dict.fromkeys(("kcal", "kcals", "cal", "cals", "calorie", "calories"), 1.0),
        **dict.fromkeys(("kilocalorie", "kilocalories"), 1.0),
        **dict.fromkeys(("kj", "kilojoule", "kilojoules"), 1 / 4.184),
    }.items()
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
        "jar": "jar jars",
        "carton": "carton cartons",
        "shot": "shot shots",
        "sip": "sip sips gulp gulps",
        "ladle": "ladle ladles",
        "loaf": "loaf loaves",
        "slice": "slice slices",
        "rasher": "rasher rashers strip strips",
        "piece": "piece pieces chunk chunks pc pcs",
        "square": "square squares",
        "row": "row rows",
        "head": "head heads",
        "leaf": "leaf leaves",
        "wedge": "wedge wedges",
        "fillet": "fillet fillets filet filets",
        "link": "link links",
        "stalk": "stalk stalks stick sticks",
        "spear": "spear spears",
        "clove": "clove cloves",
        "ear": "ear ears",
        "scoop": "scoop scoops",
        "handful": "handful handfuls fistful fistfuls",
        "bunch": "bunch bunches",
        "bite": "bite bites mouthful mouthfuls",
        "spoon": "spoon spoons spoonful spoonfuls",
        "bag": "bag bags packet packets pack packs",
        "box": "box boxes punnet punnets",
        "bar": "bar bars",
        "ball": "ball balls",
        "cube": "cube cubes",
        "pat": "pat pats knob knobs",
        "squirt": "squirt squirts squeeze squeezes",
        "dollop": "dollop dollops",
        "splash": "splash splashes dash dashes",
        "drizzle": "drizzle drizzles",
        "pinch": "pinch pinches",
        "serving": "serving servings portion portions helping helpings order orders",
        "half": "half halves",
    }.items()
    for alias in aliases.split()
}
SIZES = {
    **dict.fromkeys(("tiny", "mini", "bite-size"), "tiny"),
    **dict.fromkeys(("small", "little", "thin", "sm"), "small"),
    **dict.fromkeys(("medium", "regular", "average", "medium-sized"), "medium"),
    **dict.fromkeys(
        ("large", "big", "thick", "generous", "heaped", "heaping", "tall", "grande"), "large"
    ),
    **dict.fromkeys(("huge", "extra-large", "xl", "giant", "massive", "enormous", "venti"), "huge"),
}

# More than any meal; keeps "a dozen dozen dozen …" finite.
QUANTITY_MAX = 100_000.0
# Two cans of 330 ml, but no hundred of them.
COUNT_MAX = 24
THOUSANDS = frozenset({"g", "gr", "gram", "grams", "ml", *KCAL})
# Of a drink they are fluid ounces.
OUNCES = frozenset({"oz", "ounce", "ounces"})


class Kind(Enum):
    """What a quantity is counted in."""

    UNSAID = "unsaid"
    COUNT = "count"
    GRAMS = "grams"
    MILLILITRES = "millilitres"
    ENERGY = "energy"
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
_NAME = rf"(?:{_any_of(NUMBERS)})(?!\s+pounder)"
_PART = r"(?:a\s+)?(?:half|quarter|third)"
_NUMBER = (
    rf"\d{{1,6}}\s+(?:&\s*)?{_FRACTION}|{_FRACTION}"
    rf"|{_DECIMAL}\s*(?:-|to\b|or\b)\s*{_DECIMAL}"
    rf"|{_DECIMAL}(?:\s+and\s+{_PART}|\s+{_PART}s)?"
    rf"|{_NAME}(?:\s+and\s+{_PART})?(?:\s+(?:a\s+|an\s+)?{_NAME})*(?!['’])"
)
# A big mac is no big one of anything.
_SIZE = rf"(?:{_any_of(SIZES)})(?!\s+mac\b)"
# "half" is a measure only behind a number, and a pot pie is no pot of pie.
_UNIT = (
    rf"(?:{_any_of([*GRAMS, *MILLILITRES, *KCAL, *sorted({*HOUSEHOLD} - {'half'})])})"
    r"(?!\s+(?:noodles?|roasts?|pies?|cakes?|stickers?)\b)"
)
# "2 large slices of", "200g", "2x", "x3", "3 x 30 g", "half a cup", "half the".
_AMOUNT = re.compile(
    rf"(?<![\w/.])(?:(?P<times>\d{{1,6}})\s*[x×*]\s*(?=\d)|[x×]\s*(?=\d))?"
    rf"(?:(?P<number>{_NUMBER})(?:\s+and\s+(?P<and>{_PART}|{_FRACTION}))?(?![\d/]|\s*%))"
    rf"(?:\s*[x×](?![\w×]))?"
    rf"(?:\s+of\b)?(?:\s+(?:the|an?|those|these)\b)?(?:\s*-?(?P<size>{_SIZE})\b)?"
    rf"(?:\s*-?(?P<unit>{_UNIT})\b\.?(?:\s+and\s+(?P<more>{_PART})\b)?)?(?:\s+of\b)?(?:\s+(?:the|those|these)\b)?(?!\w)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"\b(?:(?P<size>{_SIZE})\s+)?(?P<unit>{_any_of({*HOUSEHOLD} | {'side'})})\s+of\b",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?<=\w)\s+(?P<unit>slices?|pcs?|fillets?|pieces?|wedges?|cloves?|spears?|rashers?|stalks?"
    r"|squares?|chunks?|strips?)\s*$",
    re.IGNORECASE,
)
_SIZED = re.compile(rf"\b(?P<size>{_SIZE})\b", re.IGNORECASE)
# What holds one thing that has a weight of its own: "2 cans of cola (330 ml)".
_CONTAINERS = frozenset("can bottle glass bag bar pot jar carton box cup bowl mug serving".split())


def _number(text: str) -> float:
    """Reads one number: `1 1/2`, `2-3` (their mean), `2 thirds`, `half a half`."""
    text = re.sub(r"\s+", " ", text.lower().replace("&", " ")).strip()
    if span := re.fullmatch(rf"({_DECIMAL})\s*(?:-|to|or)\s*({_DECIMAL})", text):
        return (_number(span[1]) + _number(span[2])) / 2
    if fraction := re.fullmatch(r"(?:(\d+)\s+)?(\d+)\s*/\s*(\d+)", text):
        return int(fraction[1] or 0) + int(fraction[2]) / int(fraction[3])
    if parts := re.fullmatch(rf"({_DECIMAL}) (?:a )?(half|quarter|third)s", text):
        return _number(parts[1]) * NUMBERS[parts[2]]
    whole, joined, part = text.partition(" and ")
    return _whole(whole) + (_number(part) if joined else 0.0)


def _whole(text: str) -> float:
    if re.fullmatch(r"\d+,\d{3}", text):
        return float(text.replace(",", ""))
    if text[0].isdigit():
        return float(text.replace(",", "."))
    value = 1.0
    for word in text.split():
        value *= NUMBERS[word]
    return value


def _of_unit(quantity: float, unit: str, size: str) -> Amount:
    quantity = min(quantity, QUANTITY_MAX)
    unit = re.sub(r"\s+", " ", unit.lower())
    if unit in GRAMS:
        return Amount(quantity * GRAMS[unit], Kind.GRAMS, measure="oz" if unit in OUNCES else "")
    if unit in MILLILITRES:
        return Amount(quantity * MILLILITRES[unit], Kind.MILLILITRES)
    if unit in KCAL:
        return Amount(quantity * KCAL[unit], Kind.ENERGY)
    if unit in HOUSEHOLD:
        return Amount(quantity, Kind.HOUSEHOLD, HOUSEHOLD[unit], size)
    if unit == "side":
        return Amount(quantity, Kind.HOUSEHOLD, "serving", size)
    return Amount(quantity, Kind.COUNT, size=size)


def read_amount(mention: str) -> tuple[Amount, str]:
    """Takes the amount out of a mention; gives it and the rest of the words."""
    amount, before, after = take_amount(mention)
    return amount, f"{before} {after}".strip()


def take_amount(mention: str) -> tuple[Amount, str, str]:
    """As `read_amount`; the rest in two parts, before and after where the amount was said."""
    found = _said_in(mention)
    if not found:
        amount, rest = _amount_unsaid(mention)
        return amount, "", rest
    first = _telling(found)
    # What else is said of amounts is no part of the name: "a bottle of" in "330 ml bottle of".
    others = [match for match in found if match is not first]
    before, after = _cut(mention, 0, first.start(), others), _cut(
        mention, first.end(), None, others
    )
    amount, after = _of_match(first, after)
    return _counted(amount, first, others), before, after


def _said_in(mention: str) -> list[re.Match[str]]:
    found = list(_AMOUNT.finditer(mention))
    taken = [match.span() for match in found]
    bare = (m for m in _BARE.finditer(mention) if not any(a <= m.start() < b for a, b in taken))
    return sorted([*found, *bare], key=lambda match: match.start())


def _telling(found: list[re.Match[str]]) -> re.Match[str]:
    """The amount to believe: a weight or a volume, else the first number, else an article."""
    return min(found, key=_rank)


def _rank(match: re.Match[str]) -> int:
    groups = match.groupdict()
    unit = (groups.get("unit") or "").lower()
    if unit in GRAMS or unit in MILLILITRES or unit in KCAL:
        return 0
    article = (groups.get("number") or "").lower() in ARTICLES
    return 1 if (groups.get("number") and not article) else 2 if unit else 3


def _of_match(match: re.Match[str], after: str) -> tuple[Amount, str]:
    groups = match.groupdict()
    quantity = _number(_in_thousands(groups)) if groups.get("number") else 1.0
    quantity += _number(groups["and"].removeprefix("a ")) if groups.get("and") else 0.0
    quantity += _number(groups["more"].removeprefix("a ")) if groups.get("more") else 0.0
    quantity *= int(groups.get("times") or 1)
    size = SIZES[(groups.get("size") or "medium").lower()]
    unit = groups.get("unit") or ""
    if not unit:
        unit, after = _trailing_unit(after)
    if not unit and size == "medium":
        size, after = _size_in(after)
    return _of_unit(quantity, unit, size), after


def _in_thousands(groups: dict[str, str]) -> str:
    """Nobody weighs to the thousandth of a gram or a calorie: "1.000 g" are a thousand."""
    number = groups["number"]
    small = (groups.get("unit") or "").lower() in THOUSANDS
    return (
        number.replace(".", "")
        if small and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", number)
        else number
    )


def _counted(amount: Amount, first: re.Match[str], others: list[re.Match[str]]) -> Amount:
    """Multiplies "2 cans" with "330 ml"; "2 slices, 60 g" are 60 g."""
    if amount.kind not in (Kind.GRAMS, Kind.MILLILITRES):
        return amount
    for other in others:
        count, _ = _of_match(other, "")
        whole = count.quantity.is_integer() and 1 < count.quantity <= COUNT_MAX
        if whole and (count.kind is Kind.COUNT or count.measure in _CONTAINERS):
            return replace(amount, quantity=min(amount.quantity * count.quantity, QUANTITY_MAX))
    return amount


def _cut(text: str, start: int, end: int | None, others: list[re.Match[str]]) -> str:
    end = len(text) if end is None else end
    for other in others:
        text = text[: other.start()] + " " * len(other[0]) + text[other.end() :]
    return " ".join(text[start:end].split())


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
