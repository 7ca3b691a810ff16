import pytest

from nutri_ml.domain.amount import Amount, Kind
from nutri_ml.domain.food import Food
from nutri_ml.domain.portions import density, grams_of

HOUSE = Kind.HOUSEHOLD


@pytest.mark.parametrize(
    ("food", "amount", "grams"),
    [
        ("egg", Amount(2, Kind.COUNT), 100),
        ("toast", Amount(1, HOUSE, "slice"), 30),
        ("white-rice", Amount(1, HOUSE, "cup"), 158),
        ("chicken-breast", Amount(200, Kind.GRAMS), 200),
        ("apple", Amount(1, Kind.COUNT, size="small"), 149),
        ("brownie", Amount(1, Kind.COUNT, size="small"), 42),
        ("red-wine", Amount(1, HOUSE, "glass"), 147),
        ("whole-milk", Amount(1, HOUSE, "glass"), 247.5),
        ("cod", Amount(1, HOUSE, "fillet"), 180),
        ("bacon", Amount(3, HOUSE, "rasher"), 24),
        ("grapes", Amount(1, Kind.UNSAID), 80),
        ("grapes", Amount(10, Kind.COUNT), 49),
        ("honey", Amount(100, Kind.MILLILITRES), 143.3),
        ("ratatouille", Amount(1, HOUSE, "bowl"), 318.0),
        ("bibimbap", Amount(1, HOUSE, "bowl"), 400),
        ("samosa", Amount(1, HOUSE, "plate"), 300),
        ("samosa", Amount(1, HOUSE, "handful"), 30),
        ("samosa", Amount(1, HOUSE, "serving"), 60),
    ],
)
def test_an_amount_weighs(foods: dict[str, Food], food: str, amount: Amount, grams: float) -> None:
    assert grams_of(foods[food], amount) == pytest.approx(grams, abs=0.1)


def test_what_has_neither_cup_nor_spoon_is_as_dense_as_water(foods: dict[str, Food]) -> None:
    assert density(foods["samosa"]) == 1.0
