"""Health for machines: is the process alive, may it get traffic, and how are its dependencies."""

from fastapi import APIRouter, Response

from nutri_ml.domain.health import overall
from nutri_ml.http.ports import HealthDep, Ports, PortsDep
from nutri_ml.http.schemas import ChecksOut, HealthOut, LiveOut, Readiness, ReadyOut
from nutri_ml.loading import Stage
from nutri_ml.logs import timestamp


def health_router(version: str) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def live() -> LiveOut:
        return LiveOut(status="live", version=version)

    @router.get("/ready", responses={503: {"model": ReadyOut}})
    async def ready(ports: PortsDep, response: Response) -> ReadyOut:
        status = _readiness(ports)
        response.status_code = 200 if status == "ready" else 503
        return ReadyOut(status=status, version=version)

    @router.get("", responses={503: {"model": HealthOut}})
    async def health(ports: PortsDep, checks: HealthDep, response: Response) -> HealthOut:
        """What the background knows: nobody is asked now, and nothing is waited for."""
        found = checks.checks
        status = overall(found)
        response.status_code = 503 if status == "unhealthy" else 200
        return HealthOut(
            status=status,
            version=version,
            timestamp=timestamp(ports.now()),
            age_ms=checks.age_ms,
            checks=ChecksOut.of(found),
        )

    return router


def _readiness(ports: Ports) -> Readiness:
    if ports.drain.draining:
        return "draining"
    stage = ports.estimator.stage
    if stage is Stage.READY and ports.estimator.saturated:
        return "saturated"
    return stage.value
