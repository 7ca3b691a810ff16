"""What the app is handed: everything it needs that is not a request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from nutri_ml.domain.health import HealthWatch, Probe
from nutri_ml.domain.ports import EstimateCache
from nutri_ml.faults import Faults
from nutri_ml.http.drain import Drain
from nutri_ml.loading import LoadingEstimator
from nutri_ml.metrics import Metrics


@dataclass(frozen=True)
class Ports:
    """The doors of the app, opened by `__main__` or by a test."""

    estimator: LoadingEstimator
    cache: EstimateCache
    probes: Mapping[str, Probe]
    drain: Drain
    faults: Faults
    metrics: Metrics
    now: Callable[[], datetime]
    seconds: Callable[[], float]
    close: Callable[[], Awaitable[object]]


def _ports(request: Request) -> Ports:
    return cast(Ports, request.app.state.ports)


def _health(request: Request) -> HealthWatch:
    return cast(HealthWatch, request.app.state.health)


PortsDep = Annotated[Ports, Depends(_ports)]
HealthDep = Annotated[HealthWatch, Depends(_health)]
