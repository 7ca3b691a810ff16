from starlette.testclient import TestClient

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
        ready, health = client.get("/health/ready"), client.get("/health")
    assert (ready.status_code, ready.json()["status"]) == (503, "failed")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["checks"]["model"]["status"] == "unhealthy"


def test_health_lists_every_check(client: TestClient) -> None:
    response = client.get("/health")
    body = response.json()
    assert response.status_code == 200
    assert body.keys() == {"status", "version", "timestamp", "checks"}
    assert (body["status"], body["version"]) == ("healthy", "1.2.3")
    assert body["timestamp"] == "2026-01-02T03:04:05.000Z"
    assert body["checks"].keys() == {"model", "database", "redis"}
    assert all(check.keys() == {"status", "latency_ms"} for check in body["checks"].values())


def test_without_a_database_the_service_is_unhealthy(world: World, client: TestClient) -> None:
    world.database.up = False
    response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")
    assert response.json()["checks"]["database"]["status"] == "unhealthy"


def test_without_redis_the_service_is_degraded(world: World, client: TestClient) -> None:
    world.redis.up = False
    response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")


def test_leaving_closes_what_was_opened(world: World) -> None:
    with world.client():
        assert not world.closed
    assert world.closed
