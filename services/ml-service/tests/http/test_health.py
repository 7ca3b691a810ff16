import asyncio
from threading import Event

import pytest
from starlette.testclient import TestClient

from nutri_ml.domain import health
from nutri_ml.domain.estimate import Estimator
from tests.http.conftest import World, wait_until_loaded


def test_the_process_is_live_before_the_model_is_loaded(world: World) -> None:
    response = world.client().get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live", "version": "1.2.3"})


def test_ready_means_loaded(world: World, client: TestClient) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_not_ready_while_loading(world: World) -> None:
    response = world.client().get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "loading")


def test_not_ready_while_draining(world: World, client: TestClient) -> None:
    world.drain.start()
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "draining")


def test_a_model_that_cannot_be_loaded_is_never_ready() -> None:
    def build() -> Estimator:
        raise ValueError("wanted sha256 …, found …")

    world = World(build=build)
    with world.client() as client:
        wait_until_loaded(world)
        ready, whole = client.get("/health/ready"), client.get("/health")
    assert (ready.status_code, ready.json()["status"]) == (503, "failed")
    assert (whole.status_code, whole.json()["status"]) == (503, "unhealthy")
    assert whole.json()["checks"]["model"]["status"] == "unhealthy"


def test_health_lists_every_check(client: TestClient) -> None:
    response = client.get("/health")
    body = response.json()
    assert response.status_code == 200
    assert body.keys() == {"status", "version", "timestamp", "age_ms", "checks"}
    assert body["age_ms"] >= 0
    assert (body["status"], body["version"]) == ("healthy", "1.2.3")
    assert body["timestamp"] == "2026-01-02T03:04:05.000Z"
    assert body["checks"].keys() == {"model", "database", "redis"}
    assert all(check.keys() == {"status", "latency_ms"} for check in body["checks"].values())


@pytest.mark.parametrize("name", ["database", "redis"])
def test_without_one_that_it_can_work_without_the_service_is_degraded(
    world: World, name: str
) -> None:
    getattr(world, name).up = False
    with world.client() as client:
        wait_until_loaded(world)
        response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"][name]["status"] == "unhealthy"


def test_an_answer_does_not_wait_for_a_dependency_that_hangs(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 3600)
    world.database.then = hang
    assert asked.wait(30)
    # Answered at all: nobody lets the dependency go.
    response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "healthy")
    world.clock.skip(60)
    assert client.get("/health").json()["age_ms"] >= 60_000


def test_leaving_closes_what_was_opened(world: World) -> None:
    with world.client():
        assert not world.closed
    assert world.closed
