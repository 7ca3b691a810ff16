import socket
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient

from nutri_ml.metrics import Metrics
from tests.http.conftest import World

TEXT = {"text": "an apple"}


def value(world: World, name: str, **labels: str) -> float | None:
    return world.metrics.registry.get_sample_value(name, labels)


def test_requests_are_counted_by_endpoint_and_not_by_path(world: World, client: TestClient) -> None:
    client.post("/v1/estimate?who=me", json=TEXT)
    client.get("/v1/someone")
    name = "http_request_duration_seconds_count"
    assert value(world, name, method="POST", route="/v1/estimate", status="200") == 1
    assert value(world, name, method="GET", route="none", status="404") == 1


def test_a_method_that_nobody_knows_makes_no_series_of_its_own(
    world: World, client: TestClient
) -> None:
    client.request("BREW", "/v1/estimate")
    name = "http_request_duration_seconds_count"
    assert value(world, name, method="BREW", route="/v1/estimate", status="405") is None


def test_estimates_and_their_cache_are_counted(world: World, client: TestClient) -> None:
    for _ in range(3):
        client.post("/v1/estimate", json=TEXT)
    client.post("/v1/estimate", json={"text": ", ".join(["egg"] * 51)})
    assert value(world, "estimate_cache_lookups_total", outcome="hit") == 2
    assert value(world, "estimate_cache_lookups_total", outcome="miss") == 2
    assert value(world, "estimate_duration_seconds_count", outcome="made") == 1
    assert value(world, "estimate_duration_seconds_count", outcome="failed") == 1


def test_queue_and_dependencies_are_looked_at_when_asked(world: World) -> None:
    world.redis.up = False
    with world.client() as client:
        while client.get("/health").json()["age_ms"] is None:
            pass
    assert value(world, "estimate_queue_waiting") == 0
    assert value(world, "dependency_up", dependency="database") == 1
    assert value(world, "dependency_up", dependency="redis") == 0


def test_they_are_read_on_a_port_of_their_own(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="nutri_ml")
    Metrics("1.2.3").serve("127.0.0.1", 0)
    port = int(caplog.records[-1].getMessage().rsplit(" ", 1)[1])
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        assert 'ml_service_info{version="1.2.3"} 1.0' in response.read().decode()
    assert client.get("/metrics").status_code == 404


def test_a_port_that_is_taken_is_told_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        Metrics("1").serve("127.0.0.1", taken.getsockname()[1])
    assert "failed to serve metrics" in caplog.text
