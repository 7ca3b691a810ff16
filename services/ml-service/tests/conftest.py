"""One real model for all tests: it is loaded once, and keeps nothing between texts."""

import pytest

from nutri_ml.domain.estimate import Estimator
from nutri_ml.domain.food import Food, FoodTable
from nutri_ml.domain.matching import Matcher
from nutri_ml.loading import build_estimator, made_of, open_encoder
from nutri_ml.model.encoder import MiniLmEncoder
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.vectors import read_food_vectors
from tests.requirement import put_on_record


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    put_on_record(report)


@pytest.fixture(scope="session")
def estimator() -> Estimator:
    return build_estimator(None)


@pytest.fixture(scope="session")
def encoder() -> MiniLmEncoder:
    return open_encoder(None)


@pytest.fixture(scope="session")
def matcher(table: FoodTable, encoder: MiniLmEncoder) -> Matcher:
    return Matcher(table, encoder, read_food_vectors(made_of(table)))


@pytest.fixture(scope="session")
def spelling_matcher(table: FoodTable, encoder: MiniLmEncoder) -> Matcher:
    """Matches as if there were no model."""
    return Matcher(table, encoder, read_food_vectors(made_of(table)), meaning_weight=0.0)


@pytest.fixture(scope="session")
def table() -> FoodTable:
    return read_food_table()


@pytest.fixture(scope="session")
def foods(table: FoodTable) -> dict[str, Food]:
    return {food.id: food for food in table.foods}
