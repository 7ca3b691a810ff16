"""What belongs to one request: an id that travels with it, headers on its response, a log line.

Written against ASGI itself, so that it holds for every response, whoever makes it.
"""

import logging
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nutri_ml.http.errors import internal_problem, said_twice_problem, unsupported_problem
from nutri_ml.http.ports import Ports
from nutri_ml.logs import request_id

BODY_BYTES_MAX = 64 * 1024
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)')
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(__name__)


class RequestContext:
    """Gives each request its id, each response its headers, and the log one line."""

    def __init__(self, app: ASGIApp, version: str, ports: Ports) -> None:
        self._app = app
        self._version = version
        self._drain = ports.drain
        self._metrics = ports.metrics
        self._faults = ports.faults
        self._seconds = ports.seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = request_id.set(_id_of(scope))
        try:
            await self._answer(scope, receive, send)
        finally:
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = self._seconds()
        scope.setdefault("state", {})["arrived"] = started
        status: int | None = None

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._mark(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Exception as error:
            log.exception("failed to answer: internal")
            self._faults.report(error, request_id.get() or "", _route_of(scope))
            # Half an answer is out already; all that is left is to cut the connection.
            if status is not None:
                raise
            await internal_problem()(scope, receive, send_marked)
        finally:
            self._write_line(scope, status, started)

    def _mark(self, headers: MutableHeaders) -> None:
        headers["x-request-id"] = request_id.get() or ""
        headers["x-app-version"] = self._version
        headers["cache-control"] = "no-store"
        # Tells the proxy to open its next connection to somebody who stays.
        if self._drain.draining:
            headers["connection"] = "close"

    def _write_line(self, scope: Scope, status: int | None, started: float) -> None:
        """The query stays out of the line, for it may hold anything."""
        self._measure(scope, status, self._seconds() - started)
        level = logging.DEBUG if scope["path"].startswith("/health") else logging.INFO
        line = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": round((self._seconds() - started) * 1000, 1),
        }
        log.log(level, "request answered", extra=line)

    def _measure(self, scope: Scope, status: int | None, seconds: float) -> None:
        method, _, route = _route_of(scope).partition(" ")
        self._metrics.request(method, route, status or 0, seconds)


class HeadAsGet:
    """Answers HEAD as it would GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", "asked": "HEAD"}, receive, send_without_body)


class BodyLimit:
    """Refuses bodies that no meal text can need, those that are no JSON, and those whose length
    is said in two ways.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "content-length" in headers and "transfer-encoding" in headers:
            await said_twice_problem()(scope, receive, send)
            return
        if _has_body(headers) and not _is_json(headers):
            await unsupported_problem()(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_BYTES_MAX:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(headers: Headers) -> bool:
    """JSON is UTF-8; the backend refuses other charsets as well."""
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = CHARSET.search(parameters)
    is_plain = headers.get("content-encoding", "identity") == "identity"
    is_utf8 = charset is None or charset[1] == "utf-8"
    return kind.strip() == "application/json" and is_utf8 and is_plain


def _route_of(scope: Scope) -> str:
    """Anybody may make up methods and paths; they get no series of their own."""
    method = scope["method"] if scope["method"] in METHODS else "other"
    return f"{method} {getattr(scope.get('route'), 'path', 'none')}"


def _id_of(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if SANE_ID.fullmatch(given) else str(uuid4())
