"""How long a request may take to arrive. Uvicorn waits for ever for the rest of one."""

import asyncio
import re
from http import HTTPStatus
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from nutri_ml.http.errors import problem

# The same as the backend's.
HEAD_SECONDS = 5.0
REQUEST_SECONDS = 9.0
HEAD_BYTES = 64 * 1024
_LENGTH = re.compile(rb"^content-length[ \t]*:", re.IGNORECASE | re.MULTILINE)
_END_OF_HEAD = re.compile(rb"\n\r?\n")


class ImpatientProtocol(H11Protocol):
    """Cuts off whoever sends a head or a body too slowly, from the first byte of a request on.

    Between requests Uvicorn's own time for kept connections holds; before the first one, ours.
    """

    _began: float | None = None
    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._began = self.loop.time()
        self._set(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def handle_events(self) -> None:
        if not self._is_refused():
            super().handle_events()

    def _is_refused(self) -> bool:
        """Looks at the head as it came: h11 makes one of two equal lengths."""
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return False
        received = self.conn.trailing_data[0]
        end = _END_OF_HEAD.search(received)
        head = received[: end.end()] if end else received
        if len(head) > HEAD_BYTES:
            self._refuse(431, "invalid_request", "cannot read the request: its head is too large")
        elif end and len(_LENGTH.findall(head)) > 1:
            self.send_400_response("Content-Length twice")
            return True
        else:
            return False
        self.transport.close()
        return True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The next request begins now, if some of it was sent ahead.
        self._began = None
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._set(None)
        super().connection_lost(exc)

    def _look(self) -> None:
        if self._began is None:
            self._began = self.loop.time()
        if self.transport.is_closing():
            self._set(None)
        elif self.conn.their_state is h11.SEND_BODY:
            self._set(REQUEST_SECONDS)
        elif self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._set(HEAD_SECONDS)
        else:
            self._began = None
            self._set(None)

    def _set(self, seconds: float | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None
        if seconds is not None and self._began is not None:
            self._cut = self.loop.call_at(self._began + seconds, self._give_up)

    def _give_up(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            message = "cannot read the request: it took too long to arrive"
            self._refuse(408, "too_slow", message)
        # Whoever answers this request finds that its client has left.
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Said to whoever never got as far as a request: same body as everywhere, and goodbye."""
        self._refuse(400, "invalid_request", "cannot read the request: it is malformed")
        self.transport.close()

    def _refuse(self, status: int, code: str, message: str) -> None:
        response = problem(status, code, message, request_id=str(uuid4()))
        headers = [("connection", "close"), *response.headers.items()]
        reason = HTTPStatus(status).phrase.encode()
        head = h11.Response(status_code=status, headers=headers, reason=reason)
        for part in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part) or b"")
