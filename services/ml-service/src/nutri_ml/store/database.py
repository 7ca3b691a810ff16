"""The database, watched and nothing more: the service keeps no rows of its own yet.

Without it the service does its work, so it is degraded, not ill.
"""

import asyncio
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import pq

CONNECT_SECONDS = 2


def libpq_url(url: str) -> str:
    """Drops what only Prisma understands (`schema`, `pgbouncer`, …): libpq refuses to guess."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name in known]
    return urlunsplit(parts._replace(query=urlencode(query)))


class WatchedDatabase:
    """Keeps one connection, and asks over it whether the database answers."""

    def __init__(self, url: str) -> None:
        self._url = libpq_url(url)
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    async def ping(self) -> None:
        async with self._turn:
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
            await connection.execute("select 1")
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
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
