import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from starlette.testclient import TestClient

from nutri_ml.logs import JsonFormatter, configure_logs
from tests.http.conftest import World


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = StringIO()
    configure_logs("1.2.3", "info", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines_of(stream: StringIO) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if "path" in line]


@pytest.mark.parametrize("given", ["abc-123", "A.b_c-9", "x" * 64])
def test_a_sane_request_id_is_kept(client: TestClient, given: str) -> None:
    response = client.get("/health/live", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", "<script>", "é"])
def test_an_odd_request_id_is_replaced(client: TestClient, given: str) -> None:
    headers = {b"x-request-id": given.encode("latin-1")}
    response = client.get("/health/live", headers=headers)
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 36


@pytest.mark.parametrize("path", ["/health/live", "/health", "/nope", "/v1/estimate"])
def test_every_response_names_version_and_request(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["x-app-version"] == "1.2.3"
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"


def test_connections_are_closed_only_while_draining(world: World, client: TestClient) -> None:
    assert "connection" not in client.get("/health/live").headers
    world.drain.start()
    assert client.get("/health/live").headers["connection"] == "close"


def test_a_request_is_one_line_without_its_query(client: TestClient, log_lines: StringIO) -> None:
    headers = {"x-request-id": "the-id"}
    client.post("/v1/estimate?secret=1", json={"text": "an apple"}, headers=headers)
    (line,) = lines_of(log_lines)
    assert line["service"] == "ml-service"
    assert (line["level"], line["version"]) == ("info", "1.2.3")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/estimate", 200)
    assert line["request_id"] == "the-id"
    assert isinstance(line["duration_ms"], float)
    assert "secret" not in str(line)


def test_health_is_logged_at_debug_only(client: TestClient, log_lines: StringIO) -> None:
    client.get("/health/live")
    assert lines_of(log_lines) == []


@pytest.mark.parametrize("says_its_length", [True, False])
def test_a_body_that_no_meal_needs_is_refused(client: TestClient, says_its_length: bool) -> None:
    body = b'{"text": "' + b"x" * 70_000 + b'"}'
    headers = {"content-type": "application/json"}
    content = body if says_its_length else iter([body[:40_000], body[40_000:]])
    response = client.post("/v1/estimate", content=content, headers=headers)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "not_found"),
        ("GET", "/v1/estimate", 405, "method_not_allowed"),
        ("DELETE", "/health", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_has_the_same_error_body(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    response = client.request(method, path)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error.keys() == {"code", "message", "request_id", "details"}
    assert method in error["message"]


def test_nothing_that_a_client_sends_but_its_path_reaches_the_log(
    world: World, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="nutri_ml")
    headers = {
        "authorization": "Bearer s3cr3t-Value",
        "cookie": "session=s3cr3t-Value",
        "x-request-id": "s3cr3t Value",
    }
    for body in ({"text": "s3cr3t-Value"}, {"text": 1, "password": "s3cr3t-Value"}):
        client.post("/v1/estimate?token=s3cr3t-Value", json=body, headers=headers)
    client.get("/v1/s3cr3t@example.com", headers=headers)
    lines = [JsonFormatter("1").format(record) for record in caplog.records]
    assert sum("request answered" in line for line in lines) == 3
    assert "s3cr3t" not in "".join(lines)


def test_the_head_of_what_is_read_has_no_body(client: TestClient) -> None:
    response = client.head("/health/live")
    assert (response.status_code, response.content) == (200, b"")
    assert client.head("/v1/estimate").headers["allow"] == "POST"
    assert client.post("/health/live", json={}).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json", "content-encoding": "rot13"},
        {},
    ],
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/estimate", content=b"{}", headers=headers)
    assert response.status_code == 415
    assert response.json()["error"]["code"] == "unsupported_media_type"
