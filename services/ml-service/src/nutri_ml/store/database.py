"""The database, watched and nothing more: the service keeps no rows of its own yet.

Without it the service does its work, so it is degraded, not ill.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import pq

CONNECT_SECONDS = 2
# That a login was revoked, or a password changed, is only seen by who logs in.
ANEW_SECONDS = 15.0

Connection = psycopg.AsyncConnection[tuple[object, ...]]


def libpq_url(url: str) -> str:
    """Drops what only Prisma understands (`schema`, `pgbouncer`, …): libpq refuses to guess."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name in known]
    return urlunsplit(parts._replace(query=urlencode(query)))


class WatchedDatabase:
    """Keeps one connection for a while, and asks over it whether the database answers."""

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        self._url = libpq_url(url)
        self._now = now
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._anew_at = float("-inf")

    async def ping(self) -> None:
        async with self._turn:
            if self._now() >= self._anew_at:
                await self._drop()
            try:
                await self._ask()
            except psycopg.OperationalError:
                # The database may have been restarted since: a kept connection proves nothing.
                await self._drop()
                await self._ask()

    async def close(self) -> None:
        async with self._turn:
            await self._drop()

    async def _ask(self) -> None:
        connection = self._connection or await self._connect()
        self._connection = None
        # Only a connection that answered is kept; one that was cut off half-way is not reused.
        try:
            await _answered(connection)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def _connect(self) -> Connection:
        self._anew_at = self._now() + ANEW_SECONDS
        # No prepared statements: a pooler in transaction mode would lose them.
        return await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
            application_name="nutri-ml",
        )

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _answered(connection: Connection) -> None:
    """Asks, and hangs up when nobody waits any more.

    Cancelled itself, psycopg would ask the server to cancel as well, and wait ten seconds for one
    that is silent.
    """
    asking = asyncio.ensure_future(connection.execute("select 1"))
    try:
        await asyncio.shield(asking)
    except asyncio.CancelledError:
        _hang_up(connection)
        await asyncio.gather(asking, return_exceptions=True)
        raise


def _hang_up(connection: Connection) -> None:
    """Ends the talk of a connection; whoever waits for an answer is told at once."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
