"""An app made from test settings: the real model, and dependencies that do as they are told."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from nutri_ml.app import create_app
from nutri_ml.domain.estimate import Estimator
from nutri_ml.faults import Faults, NoFaults
from nutri_ml.http.drain import Drain
from nutri_ml.http.ports import Ports
from nutri_ml.loading import LoadingEstimator, Stage
from nutri_ml.metrics import Metrics
from nutri_ml.settings import Settings
from nutri_ml.work import WorkQueue

QUEUE_MAX = 8


class Dependency:
    """A database or Redis that is up until it is told to be down."""

    def __init__(self) -> None:
        self.up = True
        self.then: Callable[[], Awaitable[None]] | None = None

    async def ping(self) -> None:
        if self.then is not None:
            await self.then()
        if not self.up:
            raise ConnectionRefusedError("connection refused")


class Clock:
    """The real time, until it is told to skip some."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


class DictCache:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def recall(self, text: str) -> bytes | None:
        return self.kept.get(text)

    async def remember(self, text: str, answer: bytes) -> None:
        self.kept[text] = answer


@dataclass
class World:
    """What a test may turn, and the client that asks."""

    build: Callable[[], Estimator]
    database: Dependency = field(default_factory=Dependency)
    redis: Dependency = field(default_factory=Dependency)
    cache: DictCache = field(default_factory=DictCache)
    drain: Drain = field(default_factory=Drain)
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=lambda: Metrics("1.2.3"))
    faults: Faults = field(default_factory=NoFaults)
    closed: bool = False

    def __post_init__(self) -> None:
        self.queue = WorkQueue(1, QUEUE_MAX, self.clock)
        self.estimator = LoadingEstimator(self.build, self.queue)

    def client(self) -> TestClient:
        return TestClient(self.app(), raise_server_exceptions=False)

    def app(self) -> FastAPI:
        settings = Settings(app_version="1.2.3", environment="test")
        ports = Ports(
            estimator=self.estimator,
            cache=self.cache,
            probes={
                "model": self.estimator.probe,
                "database": self.database.ping,
                "redis": self.redis.ping,
            },
            drain=self.drain,
            faults=self.faults,
            metrics=self.metrics,
            now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            seconds=self.clock,
            close=self.close,
        )
        return create_app(settings, ports)

    async def close(self) -> None:
        self.closed = True


def wait_until_loaded(world: World) -> None:
    """The world's estimator is built in a moment: building it only hands over the real one."""
    deadline = monotonic() + 5
    while world.estimator.stage is Stage.LOADING and monotonic() < deadline:
        pass


@pytest.fixture
def world(estimator: Estimator) -> World:
    return World(build=lambda: estimator)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as client:
        wait_until_loaded(world)
        yield client
