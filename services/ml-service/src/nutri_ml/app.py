"""Puts the app together. Nothing happens on import: `create_app` is handed everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from nutri_ml.domain.health import HealthWatch
from nutri_ml.http.errors import add_error_handlers
from nutri_ml.http.estimates import estimates_router
from nutri_ml.http.health import health_router
from nutri_ml.http.ports import Ports
from nutri_ml.http.request_context import BodyLimit, HeadAsGet, RequestContext
from nutri_ml.settings import Settings


def create_app(settings: Settings, ports: Ports) -> FastAPI:
    app = FastAPI(
        title="Nutri ML service",
        version=settings.app_version,
        docs_url=None,
        redoc_url=None,
        # A path has one form, and no redirect is made of a header that says who was asked.
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.ports = ports
    health = HealthWatch(ports.probes, ports.seconds)
    app.state.health = health
    ports.metrics.watch(lambda: ports.estimator.waiting, lambda: health.checks)
    app.include_router(health_router(settings.app_version))
    app.include_router(estimates_router())
    add_error_handlers(app)
    _without_unsaid_statuses(app)
    # The last one added is the first one met.
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestContext, version=settings.app_version, ports=ports)
    return app


def _without_unsaid_statuses(app: FastAPI) -> None:
    """FastAPI documents a 422 for everything that takes input; here that is a 400."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Loads the model while the service already says that it is alive."""
    ports: Ports = app.state.ports
    health: HealthWatch = app.state.health
    living = asyncio.create_task(_live(ports, health))
    yield
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    ports.estimator.close()
    await ports.close()


async def _live(ports: Ports, health: HealthWatch) -> None:
    # Whoever is told "ready" finds the same in `/health`.
    await ports.estimator.load(health.look)
    await health.run()
