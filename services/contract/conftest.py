"""Both services, as they run, on a real Postgres and a real Redis."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import httpx2 as httpx
import psycopg
import pytest
from tests.requirement import put_on_record, required
from tests.store.servers import Postgres, find_postgres, find_program, free_port, running

SERVICES = Path(__file__).parent.parent
READY_SECONDS = 60


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    put_on_record(report)


@dataclass(frozen=True)
class Service:
    """A service that answers: where, the document it keeps to, and the paths of the contract."""

    name: str
    url: str
    document: Path
    paths: dict[str, str]


@pytest.fixture(scope="session")
def ml_service() -> Iterator[Service]:
    port = free_port()
    told = {"PYTHONPATH": "src", "HOST": "127.0.0.1", "METRICS_PORT": "0", "LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "nutri_ml"]
    paths = {"@": "/v1/estimate", "live": "/health/live"}
    with process(command, SERVICES / "ml-service", port, "/health/ready", told):
        document = SERVICES / "ml-service" / "tests" / "data" / "openapi.json"
        yield Service("ml-service", f"http://127.0.0.1:{port}", document, paths)


@pytest.fixture(scope="session")
def backend(ml_service: Service) -> Iterator[Service]:
    folder = SERVICES / "backend"
    node = required("node", find_program("node"))
    assert (folder / "dist" / "main.js").exists(), "run `npm run build` in services/backend first"
    paths = {"@": "/api/auth/login", "live": "/api/health/live"}
    with postgres() as database, redis() as cache:
        # Chosen last: a port that nobody listens on yet may be given to the next who asks.
        port = free_port()
        told = {
            "NODE_ENV": "test",
            "HOST": "127.0.0.1",
            "METRICS_PORT": "0",
            "LOG_LEVEL": "error",
            "DATABASE_URL": database,
            "REDIS_URL": cache,
            "ML_SERVICE_URL": ml_service.url,
            "JWT_SECRET": secrets.token_urlsafe(48),
            "RATE_LIMIT_PER_MINUTE": "1000000",
            "AUTH_RATE_LIMIT_PER_MINUTE": "1000000",
            "ACCOUNT_RATE_LIMIT_PER_MINUTE": "1000000",
            "ESTIMATE_RATE_LIMIT_PER_MINUTE": "1000000",
            "TRUST_PROXY_HOPS": "0",
        }
        with process([node, "dist/main.js"], folder, port, "/api/health/ready", told):
            yield Service("backend", f"http://127.0.0.1:{port}", folder / "openapi.json", paths)


@pytest.fixture(scope="session")
def somebody(backend: Service) -> dict[str, str]:
    """The headers of a new user who is logged in."""
    words = {"email": f"{secrets.token_hex(8)}@nutri.example", "password": secrets.token_hex(16)}
    httpx.post(f"{backend.url}/api/auth/register", json=words).raise_for_status()
    answer = httpx.post(f"{backend.url}/api/auth/login", json=words).raise_for_status()
    return {"authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture(params=["backend", "ml_service"])
def service(request: pytest.FixtureRequest) -> Service:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Service)
    return found


@contextmanager
def process(
    command: list[str], folder: Path, port: int, ready: str, told: dict[str, str]
) -> Iterator[None]:
    """Starts a service, waits until it is ready, and ends it by its own id."""
    environment = {"PATH": os.environ["PATH"], **told, "PORT": str(port), "DRAIN_SECONDS": "0"}
    with subprocess.Popen(command, cwd=folder, env=environment) as started:
        try:
            wait_until_ready(started, f"http://127.0.0.1:{port}{ready}")
            yield
        finally:
            started.send_signal(signal.SIGTERM)


def wait_until_ready(started: subprocess.Popen[bytes], url: str) -> None:
    deadline = monotonic() + READY_SECONDS
    while monotonic() < deadline:
        assert started.poll() is None, f"`{started.args!r}` ended with {started.returncode}"
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        sleep(0.1)
    raise AssertionError(f"failed to wait for {url}: not ready within {READY_SECONDS} s")


@contextmanager
def postgres() -> Iterator[str]:
    """A database with the migrations applied, as the role that the backend logs in as."""
    required("postgres", find_postgres("initdb"))
    # Not pytest's own folder: who runs Postgres may not look into that.
    with TemporaryDirectory(prefix="nutri-postgres-") as folder, ExitStack() as stack:
        cluster = Postgres(Path(folder))
        stack.enter_context(cluster.up())
        wait_until_asked(cluster.url)
        with psycopg.connect(cluster.url) as connection:
            for file in sorted((SERVICES / "backend/prisma/migrations").glob("*/migration.sql")):
                connection.execute(file.read_text().encode())
            connection.execute("ALTER ROLE nutri_app LOGIN")
        yield cluster.url.replace("//nutri@", "//nutri_app@")


def wait_until_asked(url: str) -> None:
    deadline = monotonic() + READY_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.1)
        else:
            return


@contextmanager
def redis() -> Iterator[str]:
    program = required("redis-server", find_program("redis-server", "/usr/sbin", "/usr/local/sbin"))
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with running([*command, "--appendonly", "no"], port):
        yield f"redis://127.0.0.1:{port}"
