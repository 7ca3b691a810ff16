"""What the service counts and measures, for Prometheus, on a port of its own.

Nothing in it tells who asked or what was eaten: paths are those of the endpoints.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    start_http_server,
)

from nutri_ml.domain.health import Check

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

log = logging.getLogger(__name__)


class Metrics:
    """Names are the backend's where both measure the same."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("ml_service", "The release that runs", registry=self.registry).info(
            {"version": version}
        )
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Requests and how long they took, by endpoint and status",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._estimates = Histogram(
            "estimate_duration_seconds",
            "Estimates that were not in the cache, waiting included",
            ["outcome"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._lookups = Counter(
            "estimate_cache_lookups",
            "Estimates looked up in the cache",
            ["outcome"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "estimate_queue_waiting", "Estimates that wait for a thread", registry=self.registry
        )
        self._up = Gauge(
            "dependency_up", "1: it answered last time", ["dependency"], registry=self.registry
        )
        self._latency = Gauge(
            "dependency_latency_seconds",
            "How long its last answer took",
            ["dependency"],
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    def cache(self, hit: bool) -> None:
        self._lookups.labels("hit" if hit else "miss").inc()

    @contextmanager
    def estimate(self) -> Iterator[None]:
        started, outcome = perf_counter(), "failed"
        try:
            yield
            outcome = "made"
        finally:
            self._estimates.labels(outcome).observe(perf_counter() - started)

    def watch(self, waiting: Callable[[], int], checks: Callable[[], Mapping[str, Check]]) -> None:
        """What is looked at when somebody asks, rather than counted as it happens."""
        self._waiting.set_function(waiting)
        for name, check in checks().items():
            if check.status != "not_configured":
                self._watch_one(name, partial(_check, checks, name))

    def _watch_one(self, name: str, check: Callable[[], Check]) -> None:
        self._up.labels(name).set_function(lambda: float(check().status == "healthy"))
        self._latency.labels(name).set_function(lambda: check().latency_ms / 1000)

    def serve(self, host: str, port: int) -> None:
        """In a thread of its own; who cannot be measured still serves."""
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError as error:
            log.error("failed to serve metrics on port %d: %s", port, error.strerror)
        else:
            log.info("metrics on port %d", server.server_port)


def _check(checks: Callable[[], Mapping[str, Check]], name: str) -> Check:
    return checks()[name]
