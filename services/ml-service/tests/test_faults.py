"""What is told about faults, and what is not."""

from collections.abc import Iterator

import pytest

from nutri_ml.domain.estimate import Estimate, Estimator
from nutri_ml.domain.ports import Wanted
from nutri_ml.faults import Faults, NoFaults, open_faults
from nutri_ml.settings import Settings
from tests.http.conftest import World, wait_until_loaded
from tests.sentry import TestSentry, running_sentry


@pytest.fixture
def sentry() -> Iterator[TestSentry]:
    with running_sentry() as sentry:
        yield sentry


def faults_of(sentry: TestSentry, percent: int = 100) -> Faults:
    told = {"sentry_dsn": sentry.dsn, "sentry_sample_percent": percent}
    return open_faults(Settings.model_validate({"app_version": "1.2.3", **told}))


class Broken(Estimator):
    """Fails at everything."""

    def __init__(self) -> None: ...

    def estimate(self, text: str, wanted: Wanted = lambda: True) -> Estimate:
        raise TypeError(f"a bug with {len(text)} letters, token=hunter2-token")


def test_faults_are_told_with_release_environment_request_and_route(sentry: TestSentry) -> None:
    faults = faults_of(sentry)
    world = World(build=Broken, faults=faults)
    with world.client() as client:
        wait_until_loaded(world)
        headers = {"x-request-id": "r-1", "authorization": "Bearer very-secret"}
        answer = client.post("/v1/estimate", json={"text": "my cheese"}, headers=headers)
    assert answer.status_code == 500
    faults.flush()
    (event,) = sentry.events
    assert event["release"] == "nutri-ml-service@1.2.3"
    assert event["environment"] == "development"
    assert event["platform"] == "python"
    assert event["tags"] == {"request_id": "r-1", "route": "POST /v1/estimate"}
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "TypeError"
    assert exception["stacktrace"]["frames"][-1]["function"] == "estimate"
    assert "cheese" not in sentry.said
    assert "secret" not in sentry.said
    assert "hunter2" not in sentry.said


def test_faults_keep_their_secrets(sentry: TestSentry) -> None:
    faults = faults_of(sentry)
    try:
        password = "hunter2"
        try:
            raise OSError(f"cannot connect to postgresql://nutri:{password}@db/nutri")
        except OSError as cause:
            raise RuntimeError("no row for ada@nutri.example") from cause
    except RuntimeError as error:
        faults.report(error)
    faults.flush()
    (event,) = sentry.events
    assert len(event["exception"]["values"]) == 2
    assert "hunter2" not in sentry.said
    assert "ada@nutri" not in sentry.said
    assert not event.keys() & {"server_name", "request", "breadcrumbs", "modules"}


def test_refusals_are_told_to_nobody(sentry: TestSentry, estimator: Estimator) -> None:
    faults = faults_of(sentry)
    world = World(build=lambda: estimator, faults=faults)
    with world.client() as client:
        client.get("/nothing")
        client.post("/v1/estimate", json={})
    faults.flush()
    assert sentry.events == []


def test_no_fault_is_told_when_none_is_sampled(sentry: TestSentry) -> None:
    faults = faults_of(sentry, percent=0)
    faults.report(ValueError("unlucky"))
    faults.flush()
    assert sentry.events == []


def test_a_sentry_that_is_away_is_not_waited_for() -> None:
    with running_sentry() as sentry:
        faults = faults_of(sentry)
    faults.report(ValueError("lost"))
    faults.flush()
    assert sentry.events == []


def test_without_a_dsn_nothing_is_told() -> None:
    faults = open_faults(Settings())
    assert isinstance(faults, NoFaults)
    faults.report(ValueError("kept"))
    faults.flush()
