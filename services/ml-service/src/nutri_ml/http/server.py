"""The listening side: starts to serve, and stops without losing a request."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from starlette.types import ASGIApp

from nutri_ml.http.drain import Drain
from nutri_ml.http.patience import HEAD_BYTES, ImpatientProtocol

# Longer than the idle time-outs of proxies: whoever hangs up first must be the proxy, or it
# sends a request into a closed connection.
KEEP_ALIVE_SECONDS = 75
# On top of the drain time; a request that takes longer is cut off.
FINISH_SECONDS_MAX = 10
EXIT_AT_ONCE = 1

log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """Uvicorn, with our goodbye.

    On the first signal readiness fails while requests are still served, so that the proxy has
    time to look elsewhere; then nothing more is accepted and what is under way is finished. A
    second signal leaves at once. Handlers are set even as PID 1, which has none by default.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, drain: Drain, drain_seconds: float):
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=ImpatientProtocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                h11_max_incomplete_event_size=HEAD_BYTES,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=FINISH_SECONDS_MAX,
            )
        )
        self._drain = drain
        self._drain_seconds = drain_seconds

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        stopping = (signal.SIGTERM, signal.SIGINT)
        for number in stopping:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in stopping:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        server, *_ = self.servers
        log.info("serving on port %d", server.sockets[0].getsockname()[1])

    def _on_signal(self, number: signal.Signals) -> None:
        if self._drain.draining:
            log.warning("told twice to stop: leaving at once")
            logging.shutdown()
            os._exit(EXIT_AT_ONCE)
        log.info("stopping on %s: draining for %g s", number.name, self._drain_seconds)
        self._drain.start()
        asyncio.get_running_loop().call_later(self._drain_seconds, self._stop_accepting)

    def _stop_accepting(self) -> None:
        self.should_exit = True
