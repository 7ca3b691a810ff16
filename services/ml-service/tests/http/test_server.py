"""The service as a process: how it starts, drains and leaves."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parents[2] / "src"
IMAGE = Path(__file__).parents[4] / "images" / "ml-service.toml"
TIMEOUT_SECONDS = 30


class Service:
    """A running service, its log lines, and connections to it."""

    def __init__(self, **settings: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        paths = os.pathsep.join([str(SOURCES), *filter(None, sys.path)])
        defaults = {
            "HOST": "127.0.0.1",
            "PORT": "0",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "debug",
            "APP_VERSION": "9.9",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nutri_ml"],
            env={**kept, "PYTHONPATH": paths, **defaults, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[dict[str, Any]] = []
        self._connections: list[http.client.HTTPConnection] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None, "asked for above"
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]

    def port(self) -> int:
        (line,) = until(lambda: [m for m in self.messages() if m.startswith("serving on port")])
        return int(line.rsplit(" ", 1)[1])

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=5)
        self._connections.append(connection)
        return connection

    def get(self, path: str) -> http.client.HTTPResponse:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port(), timeout=5)) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response

    def wait_until_ready(self) -> None:
        until(lambda: self.get("/health/ready").status == 200)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.exit_code()
        for door in (*self._connections, self.process.stdout, self.process.stderr):
            if door is not None:
                door.close()

    def exit_code(self) -> int:
        code = self.process.wait(TIMEOUT_SECONDS)
        self._reader.join(TIMEOUT_SECONDS)
        return code


def until(ask: Callable[[], Any]) -> Any:
    """Waits for an answer that is true."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.02)
    raise AssertionError("waited too long")


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    started: list[Service] = []

    def start_one(**settings: str) -> Service:
        started.append(Service(**settings))
        return started[-1]

    yield start_one
    for service in started:
        service.end()


def image_check(port: int) -> int:
    """Runs the check of the image as an engine does; gives its exit code."""
    command = tomllib.loads(IMAGE.read_text())["config"]["health"]["command"]
    arguments = [sys.executable, *command[1:]]
    return subprocess.run(arguments, env={"PORT": str(port)}, timeout=30).returncode


def estimate(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v1/estimate", json.dumps({"text": "an apple"}), headers)
    response = connection.getresponse()
    assert response.read()
    return response


def test_it_is_live_at_once_and_ready_when_the_model_is_loaded(
    start: Callable[..., Service],
) -> None:
    service = start()
    assert service.get("/health/live").status == 200
    service.wait_until_ready()
    assert estimate(service.connect()).status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_fails_readiness_first_then_serves_on_then_leaves_with_0(
    start: Callable[..., Service], number: signal.Signals
) -> None:
    service = start(DRAIN_SECONDS="1")
    service.wait_until_ready()
    kept = service.connect()
    assert estimate(kept).getheader("connection") is None

    service.stop(number)
    stopped = time.monotonic()
    until(lambda: service.get("/health/ready").status == 503)
    assert time.monotonic() - stopped < 1
    answer = estimate(kept)
    assert (answer.status, answer.getheader("connection")) == (200, "close")

    assert service.exit_code() == 0
    assert time.monotonic() - stopped >= 1
    assert service.messages()[-1] == "stopped"


def test_the_check_of_its_image_fails_from_the_moment_it_drains_and_it_serves_on(
    start: Callable[..., Service],
) -> None:
    service = start(DRAIN_SECONDS="60")
    service.wait_until_ready()
    assert image_check(service.port()) == 0

    service.stop()
    until(lambda: service.get("/health/ready").status == 503)
    assert image_check(service.port()) == 1
    assert estimate(service.connect()).status == 200
    port = service.port()
    service.end()
    assert image_check(port) == 1


def test_a_request_under_way_is_finished_after_the_doors_are_closed(
    start: Callable[..., Service],
) -> None:
    service = start(DRAIN_SECONDS="0")
    service.wait_until_ready()
    connection = service.connect()
    body = json.dumps({"text": "an apple"})
    connection.putrequest("POST", "/v1/estimate")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body[:5].encode())
    until(lambda: service.get("/health/live").status == 200)

    service.stop()
    until(lambda: refused(service))
    connection.send(body[5:].encode())
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.read())["items"][0]["food"]["id"] == "apple"
    assert service.exit_code() == 0


def refused(service: Service) -> bool:
    try:
        service.get("/health/live")
    except ConnectionRefusedError:
        return True
    except (ConnectionError, http.client.HTTPException):
        return False
    return False


def test_a_second_signal_leaves_at_once(start: Callable[..., Service]) -> None:
    service = start(DRAIN_SECONDS="60")
    service.wait_until_ready()
    service.stop()
    until(lambda: service.get("/health/ready").status == 503)
    stopped = time.monotonic()
    service.stop()
    assert service.exit_code() == 1
    assert time.monotonic() - stopped < 5


def test_a_signal_while_the_model_loads_is_heard(start: Callable[..., Service]) -> None:
    service = start(DRAIN_SECONDS="0")
    service.port()
    service.stop()
    assert service.exit_code() == 0


def test_all_wrong_settings_are_listed_together_and_the_exit_code_is_2(
    start: Callable[..., Service],
) -> None:
    secret = "postgres://me:hunter2@db/x"
    service = start(PORT="99999", DATABASE_URL="mysql" + secret, LOG_LEVEL="loud")
    assert service.exit_code() == 2
    (line,) = service.lines
    assert line["level"] == "fatal"
    assert [problem.split(":")[0] for problem in line["problems"]] == [
        "PORT",
        "LOG_LEVEL",
        "DATABASE_URL",
    ]
    assert "hunter2" not in json.dumps(service.lines)


def test_other_weights_keep_it_from_being_ready(
    start: Callable[..., Service], tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    service = start(MODEL_PATH=str(tmp_path))
    until(lambda: any(line["level"] == "error" for line in service.lines))
    assert service.get("/health/ready").status == 503
    assert service.get("/health").status == 503
    assert service.get("/health/live").status == 200
    assert any(
        "wanted sha256" in line.get("error", {}).get("message", "") for line in service.lines
    )
