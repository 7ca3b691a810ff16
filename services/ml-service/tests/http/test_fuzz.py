"""Requests of all kinds, made from our own document: no fault, and nothing that it does not say."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from nutri_ml.domain.estimate import Estimator
from tests.http.conftest import World, wait_until_loaded


@pytest.fixture(scope="module")
def api(estimator: Estimator) -> Iterator[object]:
    world = World(build=lambda: estimator)
    with world.client() as client:
        wait_until_loaded(world)
        yield schemathesis.openapi.from_asgi("/openapi.json", client.app)


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_the_document_says(case: schemathesis.Case) -> None:
    case.call_and_validate()
