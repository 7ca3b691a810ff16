"""The one place where what went wrong becomes a response, with the same body everywhere.

A fault inside one request is logged and answered with 500, and the process goes on: ending it
would let a single crafted request take every other one away.
"""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nutri_ml.domain.estimate import TooManyMentions
from nutri_ml.http.presence import ClientLeft
from nutri_ml.http.schemas import Problem, ProblemDetail, ProblemOut
from nutri_ml.loading import EstimatorAway
from nutri_ml.logs import request_id as current_id
from nutri_ml.work import QueueFull, TooLate

# The backend's own: `services/contract/strictness.json` holds both to the same.
CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
INTERNAL = "failed to answer: the fault is ours and has been logged under this request id"


def problem(
    status: int,
    code: str,
    message: str,
    details: Sequence[ProblemDetail] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str = "",
) -> JSONResponse:
    whose = request_id or current_id.get() or ""
    body = Problem(code=code, message=message, request_id=whose, details=list(details))
    return JSONResponse(ProblemOut(error=body).model_dump(), status, dict(headers or {}))


def internal_problem() -> JSONResponse:
    return problem(500, "internal", INTERNAL)


def said_twice_problem() -> JSONResponse:
    """A proxy may have believed the other length, and what follows may be anybody's."""
    message = "cannot read the request: it has both Content-Length and Transfer-Encoding"
    return problem(400, "invalid_request", message, headers={"connection": "close"})


def unsupported_problem() -> JSONResponse:
    message = "cannot read the request: its body must be application/json, and not encoded"
    return problem(415, CODES[415], message)


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _on_unreadable)
    app.add_exception_handler(TooManyMentions, _on_too_many)
    app.add_exception_handler(EstimatorAway, _on_away)
    app.add_exception_handler(ClientLeft, _on_left)
    app.add_exception_handler(QueueFull, _on_full)
    app.add_exception_handler(TooLate, _on_too_late)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_unreadable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for this kind"
    details = [
        ProblemDetail(
            path="body" if found["type"] == "json_invalid" else ".".join(map(str, found["loc"])),
            message=str(found["msg"]).removeprefix("Value error, "),
        )
        for found in error.errors()
    ]
    message = "cannot read the request: it is not as agreed"
    return problem(400, "invalid_request", message, details)


async def _on_too_many(_request: Request, error: Exception) -> Response:
    details = [ProblemDetail(path="body.text", message=str(error))]
    message = "cannot read the request: its body is not as agreed"
    return problem(400, "invalid_request", message, details)


async def _on_away(_request: Request, error: Exception) -> Response:
    return problem(503, "unavailable", str(error), headers={"retry-after": "1"})


async def _on_left(_request: Request, _error: Exception) -> Response:
    """Nobody reads it; the status, nginx' own for this, is for the log."""
    return Response(status_code=499)


async def _on_full(_request: Request, error: Exception) -> Response:
    return problem(503, "busy", str(error), headers={"retry-after": "1"})


async def _on_too_late(_request: Request, error: Exception) -> Response:
    return problem(503, "too_slow", str(error), headers={"retry-after": "1"})


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for this kind"
    # What HEAD asks for is looked for as GET.
    asked = request.scope.get("asked", request.method)
    messages = {
        404: f"cannot find `{asked} {request.url.path}`",
        405: f"cannot {asked} here; see `allow`",
        413: "cannot read the request: its body is too large",
    }
    code = CODES.get(error.status_code, "invalid_request")
    message = messages.get(error.status_code, "cannot read the request: it is malformed")
    return problem(error.status_code, code, message, headers=_with_head(error.headers))


def _with_head(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Whoever may GET may ask for the head alone."""
    allowed = {name.lower(): value for name, value in (headers or {}).items()}
    if "allow" in allowed:
        methods = sorted({*allowed["allow"].split(", ")} - {"HEAD"})
        both = [[it, "HEAD"] if it == "GET" else [it] for it in methods]
        allowed["allow"] = ", ".join(method for them in both for method in them)
    return allowed
