"""Meal texts in, estimates out."""

from fastapi import APIRouter, Response
from pydantic import ValidationError

from nutri_ml.http.ports import PortsDep
from nutri_ml.http.schemas import EstimateIn, EstimateOut, ProblemOut
from nutri_ml.model.encoder import MODEL_NAME


def estimates_router() -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["estimates"])

    @router.post(
        "/estimate",
        response_model=EstimateOut,
        responses={status: {"model": ProblemOut} for status in (413, 422, 500, 503)},
    )
    async def estimate(body: EstimateIn, ports: PortsDep) -> Response:
        """Says which foods a text mentions, what they weigh, and what they hold."""
        answer = _kept(await ports.cache.recall(body.text))
        if answer is None:
            answer = EstimateOut.of(await ports.estimator.estimate(body.text), MODEL_NAME)
            await ports.cache.remember(body.text, answer.model_dump_json().encode())
        return Response(answer.model_dump_json(), media_type="application/json")

    return router


def _kept(remembered: bytes | None) -> EstimateOut | None:
    """Reads what a cache kept; it is checked like any other input."""
    try:
        return EstimateOut.model_validate_json(remembered) if remembered else None
    except ValidationError:
        return None
