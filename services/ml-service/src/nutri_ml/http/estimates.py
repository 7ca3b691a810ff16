"""Meal texts in, estimates out."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BeforeValidator, ValidationError

from nutri_ml.http.ports import Ports, PortsDep
from nutri_ml.http.presence import while_present
from nutri_ml.http.schemas import EstimateIn, EstimateOut, ProblemOut
from nutri_ml.model.encoder import MODEL_NAME

# For callers who say nothing, and the most that anybody gets.
DEADLINE_MS_MAX = 10_000


def _plain(value: object) -> object:
    """Digits only, as in a query of the backend."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number")
    return value


DeadlineMs = Annotated[
    int | None,
    Header(ge=1, description="Milliseconds after which the caller reads no answer any more"),
    BeforeValidator(_plain),
]


def estimates_router() -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["estimates"])

    @router.post(
        "/estimate",
        response_model=EstimateOut,
        responses={status: {"model": ProblemOut} for status in (400, 408, 413, 415, 500, 503)},
    )
    async def estimate(
        body: EstimateIn, request: Request, ports: PortsDep, x_deadline_ms: DeadlineMs = None
    ) -> Response:
        """Says which foods a text mentions, what they weigh, and what they hold."""
        allowed_ms = min(x_deadline_ms or DEADLINE_MS_MAX, DEADLINE_MS_MAX)
        deadline = request.state.arrived + allowed_ms / 1000
        answer = await while_present(request, _answer(body.text, deadline, ports))
        return Response(answer.model_dump_json(), media_type="application/json")

    return router


async def _answer(text: str, deadline: float, ports: Ports) -> EstimateOut:
    answer = _kept(await ports.cache.recall(text))
    ports.metrics.cache(hit=answer is not None)
    if answer is None:
        with ports.metrics.estimate():
            estimate = await ports.estimator.estimate(text, deadline)
        answer = EstimateOut.of(estimate, MODEL_NAME)
        await ports.cache.remember(text, answer.model_dump_json().encode())
    return answer


def _kept(remembered: bytes | None) -> EstimateOut | None:
    """Reads what a cache kept; it is checked like any other input."""
    try:
        return EstimateOut.model_validate_json(remembered) if remembered else None
    except ValidationError:
        return None
