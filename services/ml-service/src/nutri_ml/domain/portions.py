"""What an amount of a food weighs.

The table's own portions come first. Where it has none, the house rules below stand in; they are
round figures of ours, not measurements, and the README says so.
"""

from nutri_ml.domain.amount import Amount, Kind
from nutri_ml.domain.food import Food

CUP_ML = 236.6
SIZE_FACTORS = {"tiny": 0.5, "small": 0.75, "medium": 1.0, "large": 1.25, "huge": 1.5}

# House rules: measures that hold a volume, in millilitres.
VOLUMES_ML = {
    "cup": CUP_ML,
    "tbsp": 14.8,
    "tsp": 4.9,
    "glass": 240.0,
    "mug": 300.0,
    "pint": 568.0,
    "bottle": 500.0,
    "can": 355.0,
    "shot": 30.0,
    "bowl": 350.0,
    "pot": 150.0,
    "jar": 300.0,
    "carton": 250.0,
    "sip": 25.0,
    "ladle": 120.0,
    "splash": 20.0,
    "drizzle": 7.5,
    "dollop": 30.0,
}
# House rules: measures that hold a weight, in grams.
WEIGHTS_G = {
    "handful": 30.0,
    "pinch": 0.5,
    "pat": 10.0,
    "cube": 4.0,
    "bag": 30.0,
    "bar": 45.0,
    "slice": 30.0,
    "scoop": 60.0,
    "clove": 3.0,
    "rasher": 25.0,
    "square": 8.0,
    "row": 28.0,
    "leaf": 10.0,
    "bunch": 120.0,
    "bite": 15.0,
    "squirt": 10.0,
    "box": 150.0,
    "loaf": 700.0,
}
# What stands in when a food does not know a measure: "a fillet of trout" is one trout fillet.
STAND_INS = {
    "rasher": ("slice",),
    "wedge": ("slice", "piece"),
    "piece": ("each", "slice"),
    "square": ("piece",),
    "half": ("each", "serving"),
    "head": ("each",),
    "fillet": ("each", "piece"),
    "link": ("each",),
    "stalk": ("each",),
    "ear": ("each",),
    "spear": ("each",),
    "clove": ("each",),
    "ball": ("each",),
    "bar": ("each",),
    "slice": ("piece",),
    "plate": ("serving",),
    "serving": ("serving", "each", "cup"),
    "bowl": ("serving",),
    "pot": ("serving",),
    "bag": ("serving",),
    "scoop": ("serving",),
}
SERVING_G = 100.0
# Of what is not eaten by the piece: nobody means twenty plates by "20 of them".
SERVINGS_MAX = 3.0
PLATE_G = 300.0
# More of one food than anybody eats in a meal; what is said beyond is not believed.
GRAMS_MAX = 5000.0
# What has no energy is never enough for a stated one.
ENERGY_MIN = 0.1
OUNCE_G, FLUID_OUNCE_ML = 28.35, 29.57
DRINKS = frozenset({"drink", "hot drink"})
# How much comes with what: `portions` of the food table.
BESIDE = {"hot drink": "in a hot drink", "cereal": "on cereal"}


def grams_of(food: Food, amount: Amount) -> float:
    """Weighs an amount of a food, in grams: a number, and no more than a meal holds."""
    return round(min(_grams(food, amount), GRAMS_MAX), 1)


def is_plausible(food: Food, amount: Amount) -> bool:
    """Whether anybody eats so much of one food in a meal."""
    return _grams(food, amount) <= GRAMS_MAX


def grams_beside(food: Food, amount: Amount, main: Food) -> float:
    """Weighs what came with something else: coffee "with milk" has less than a glass of it."""
    portion = BESIDE.get(main.kind, "")
    if amount.kind is Kind.UNSAID and portion in food.grams_by_portion:
        return food.grams_by_portion[portion]
    return grams_of(food, amount)


def _grams(food: Food, amount: Amount) -> float:
    if amount.kind is Kind.GRAMS:
        # An ounce of a drink is one of volume.
        if amount.measure == "oz" and food.kind in DRINKS:
            return amount.quantity / OUNCE_G * FLUID_OUNCE_ML * density(food)
        return amount.quantity
    if amount.kind is Kind.MILLILITRES:
        return amount.quantity * density(food)
    if amount.kind is Kind.ENERGY:
        return 100 * amount.quantity / max(food.per_100_g.kcal, ENERGY_MIN)
    quantity = amount.quantity
    if amount.kind is Kind.COUNT and not {"each", "slice", "piece", amount.size} & {
        *food.grams_by_portion
    }:
        quantity = min(quantity, SERVINGS_MAX)
    return quantity * _grams_of_one(food, amount)


def density(food: Food) -> float:
    """Grams in a millilitre: from the food's cup or spoon, else water's."""
    known = food.grams_by_portion
    for measure, millilitres in (("cup", CUP_ML), ("tbsp", 14.8), ("tsp", 4.9)):
        if measure in known:
            return known[measure] / millilitres
    return 1.0


def _grams_of_one(food: Food, amount: Amount) -> float:
    if amount.kind is not Kind.HOUSEHOLD and amount.size in food.grams_by_portion:
        return food.grams_by_portion[amount.size]
    factor = SIZE_FACTORS[amount.size]
    if amount.kind is Kind.HOUSEHOLD:
        return factor * _grams_of_measure(food, amount.measure)
    unsaid = amount.kind is Kind.UNSAID
    order = ("serving", "each", "slice") if unsaid else ("each", "slice", "serving")
    return factor * _first_known(food, (*order, "piece", "cup"), SERVING_G)


def _grams_of_measure(food: Food, measure: str) -> float:
    known = food.grams_by_portion
    stand_ins = (measure, *STAND_INS.get(measure, ()))
    # A bowl of something that is measured in cups is a bowl's volume, not a spoonful of garnish.
    if measure == "bowl" and "cup" in known:
        return max(known["cup"] * VOLUMES_ML["bowl"] / CUP_ML, known.get("serving", 0.0))
    if measure == "spoon":
        # Stirred into a drink or eaten: sugar is taken by the small spoon.
        measure = "tsp" if known.get("tsp", 15.0) * 3 < 13 else "tbsp"
        stand_ins = (measure,)
    if any(name in known for name in stand_ins):
        return _first_known(food, stand_ins, SERVING_G)
    if measure in VOLUMES_ML:
        return VOLUMES_ML[measure] * density(food)
    if measure == "plate":
        return PLATE_G
    return WEIGHTS_G.get(measure, SERVING_G)


def _first_known(food: Food, names: tuple[str, ...], otherwise: float) -> float:
    return next((food.grams_by_portion[n] for n in names if n in food.grams_by_portion), otherwise)
