"""What a text says of a food that the table's figures do not hold for. Unknown beats wrong."""

import re

from nutri_ml.domain.amount import Kind
from nutri_ml.domain.food import Food
from nutri_ml.domain.portions import is_plausible
from nutri_ml.domain.reading import Mention
from nutri_ml.domain.words import stems

_LITTLE_G = 1.0
_ENERGY_OF_DRY = 250.0
_SUGARLESS = re.compile(r"\bsugar[\s-]*free\b|\bdiet\b|\bzero\b", re.IGNORECASE)
_FATLESS = re.compile(r"\b(?:fat[\s-]*free|non[\s-]*fat)\b", re.IGNORECASE)
# Qualities of a name: who says one means a food whose names say it too.
_CLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:alcohol[\s-]*free|non[\s-]*alcoholic)\b",
        r"\b(?:dairy[\s-]*free|non[\s-]*dairy)\b",
        r"\b(?:meat|egg|cheese)[\s-]*free\b",
    )
)
_MEATLESS = re.compile(
    r"\b(?:veggie|vegetarian|vegan|plant[\s-]based|meatless|meat[\s-]free|mock)\b", re.IGNORECASE
)
_OF_ANIMALS = frozenset(
    """bacon beef burger cheese chicken dog duck egg fish ham hamburger lamb meatball milk mince
    nugget pepperoni pork prawn salami salmon sausage shrimp steak tuna turkey yogurt""".split()
)
_FOR_PETS = re.compile(
    r"\b(?:dog|cat|puppy|kitten|pet|bird)\s+(?:food|treats?|biscuits?|chow|kibble)\b", re.IGNORECASE
)
_UNCOOKED = re.compile(r"\b(?:dry|dried|uncooked|raw)\b", re.IGNORECASE)
_SWELLING = frozenset(
    """barley bean bulgur chickpea couscous lentil linguine macaroni noodle pasta penne quinoa rice
    spaghetti tagliatelle""".split()
)
# Of these the table has parts: one of them is not one part.
_WHOLE = frozenset({"chicken", "turkey", "duck", "goose", "lamb"})
_MADE = frozenset("baked cooked grilled half roast roasted rotisserie smoked whole".split())
_ACROSS = re.compile(r"\d\s*-?(?:\"|”|''|′′|in\b|inch)", re.IGNORECASE)
_NO_AMOUNT = re.compile(r"\d{7}|\d\^\d")


def is_doubtful(mention: Mention, food: Food) -> bool:
    """Whether the mention means something else than the food it is nearest to, or no amount."""
    text = mention.text
    return (
        _NO_AMOUNT.search(text) is not None
        or _FOR_PETS.search(text) is not None
        or not is_plausible(food, mention.amount)
        or _is_without(text, food)
        or _is_of_plants(text, food)
        or _is_uncooked(mention, food)
        or _is_whole(mention)
        or ("pizza" in food.id and _ACROSS.search(text) is not None)
    )


def _is_without(text: str, food: Food) -> bool:
    nutrients = food.per_100_g
    if _SUGARLESS.search(text) and nutrients.carbohydrate_g > _LITTLE_G:
        return not _says(food, _SUGARLESS)
    if _FATLESS.search(text) and nutrients.fat_g > _LITTLE_G:
        return not _says(food, _FATLESS)
    return any(claim.search(text) and not _says(food, claim) for claim in _CLAIMS)


def _is_of_plants(text: str, food: Food) -> bool:
    if not _MEATLESS.search(text) or _says(food, _MEATLESS):
        return False
    return bool(_OF_ANIMALS & {*stems(food.name)})


def _is_uncooked(mention: Mention, food: Food) -> bool:
    """Rice swells threefold: 80 g of it, dry, are not 80 g of what the table knows."""
    if not _UNCOOKED.search(mention.text) or food.per_100_g.kcal >= _ENERGY_OF_DRY:
        return False
    return bool(_SWELLING & {*stems(food.name), *stems(mention.food_words)})


def _is_whole(mention: Mention) -> bool:
    words = {*stems(mention.food_words)} - _MADE
    return mention.amount.kind is Kind.COUNT and bool(words) and words <= _WHOLE


def _says(food: Food, quality: re.Pattern[str]) -> bool:
    return any(quality.search(phrase) for phrase in food.phrases)
