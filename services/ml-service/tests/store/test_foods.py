from importlib.resources import files

from nutri_ml.domain.food import FoodTable
from nutri_ml.domain.nutrients import Nutrients


def test_the_table_is_small_enough_to_be_read_and_reviewed() -> None:
    size = len(files("nutri_ml").joinpath("data", "foods.csv").read_bytes())
    assert size <= 256 * 1024


def test_ids_and_names_mean_one_food_each(table: FoodTable) -> None:
    ids = [food.id for food in table.foods]
    phrases = table.phrases
    assert len(ids) == len(set(ids))
    assert sorted({phrase for phrase in phrases if phrases.count(phrase) > 1}) == []


def test_every_food_says_where_its_figures_come_from(table: FoodTable) -> None:
    assert all(food.source.startswith(("usda-sr:", "usda-fndds:")) for food in table.foods)


def test_figures_are_possible(table: FoodTable) -> None:
    """Energy follows from the nutrients, save for alcohol; no more than 100 g are in 100 g."""
    for food in table.foods:
        held: Nutrients = food.per_100_g
        solids = held.protein_g + held.carbohydrate_g + held.fat_g
        most = 4.5 * held.protein_g + 4.5 * held.carbohydrate_g + 9.5 * held.fat_g
        least = 2.0 * held.protein_g + 1.6 * held.carbohydrate_g + 8.0 * held.fat_g
        alcohol = 7 * 50 if solids < 40 and held.kcal > most + 10 else 0
        assert 0 <= solids <= 102, food.id
        assert least - 10 <= held.kcal <= most + 10 + alcohol, food.id


def test_every_food_has_a_portion_that_weighs_something(table: FoodTable) -> None:
    for food in table.foods:
        assert food.grams_by_portion, food.id
        assert all(0 < grams <= 5000 for grams in food.grams_by_portion.values()), food.id
