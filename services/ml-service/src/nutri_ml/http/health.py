"""Health for machines: is the process alive, may it get traffic, and how are its dependencies."""

from fastapi import APIRouter, Response

from nutri_ml.domain.health import overall
from nutri_ml.http.ports import HealthDep, PortsDep
from nutri_ml.http.schemas import ChecksOut, HealthOut, LiveOut, ReadyOut
from nutri_ml.loading import Stage
from nutri_ml.logs import timestamp


def health_router(version: str) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def live() -> LiveOut:
        return LiveOut(status="live", version=version)

    @router.get("/ready", responses={503: {"model": ReadyOut}})
    async def ready(ports: PortsDep, response: Response) -> ReadyOut:
        stage = ports.estimator.stage
        if ports.drain.draining or stage is not Stage.READY:
            response.status_code = 503
        if ports.drain.draining:
            return ReadyOut(status="draining", version=version)
        return ReadyOut(status=stage.value, version=version)

    @router.get("", responses={503: {"model": HealthOut}})
    async def health(ports: PortsDep, checks: HealthDep, response: Response) -> HealthOut:
        found = dict(await checks.check_all())
        status = overall(found)
        response.status_code = 503 if status == "unhealthy" else 200
        return HealthOut(
            status=status,
            version=version,
            timestamp=timestamp(ports.now()),
            checks=ChecksOut.of(found),
        )

    return router
