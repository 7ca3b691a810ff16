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
    "splash": 15.0,
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
}
# What stands in when a food does not know a measure: "a fillet of trout" is one trout fillet.
STAND_INS = {
    "rasher": ("slice",),
    "wedge": ("slice", "piece"),
    "piece": ("each", "slice"),
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
    "can": ("can", "each"),
    "glass": ("glass",),
    "bottle": ("bottle",),
}
SERVING_G = 100.0
PLATE_G = 300.0


def grams_of(food: Food, amount: Amount) -> float:
    """Weighs an amount of a food, in grams."""
    if amount.kind is Kind.GRAMS:
        return round(amount.quantity, 1)
    if amount.kind is Kind.MILLILITRES:
        return round(amount.quantity * density(food), 1)
    return round(amount.quantity * _grams_of_one(food, amount), 1)


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
    order = ("serving", "each") if amount.kind is Kind.UNSAID else ("each", "slice", "serving")
    return factor * _first_known(food, (*order, "piece", "cup"), SERVING_G)


def _grams_of_measure(food: Food, measure: str) -> float:
    known = food.grams_by_portion
    stand_ins = (measure, *STAND_INS.get(measure, ()))
    # A bowl of something that is measured in cups is a bowl's volume, not a spoonful of garnish.
    if measure == "bowl" and "cup" in known:
        return max(known["cup"] * VOLUMES_ML["bowl"] / CUP_ML, known.get("serving", 0.0))
    if any(name in known for name in stand_ins):
        return _first_known(food, stand_ins, SERVING_G)
    if measure in VOLUMES_ML:
        return VOLUMES_ML[measure] * density(food)
    if measure == "plate":
        return PLATE_G
    return WEIGHTS_G.get(measure, SERVING_G)


def _first_known(food: Food, names: tuple[str, ...], otherwise: float) -> float:
    return next((food.grams_by_portion[n] for n in names if n in food.grams_by_portion), otherwise)
