"""Remembers estimates in Redis. A cache that is away, slow or spoilt is as good as empty.

The backend keeps sessions in the same Redis, so the cache has a size: so many slots, and so much in
each. Texts share a slot by their digest, and the later one has it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

SLOTS = 2048
SLOT_BYTES_MAX = 8 * 1024
LIFETIME_SECONDS = 24 * 60 * 60
TIMEOUT_SECONDS = 0.2
AWAY_SECONDS = 5.0
# A password that was changed is only seen by who logs in.
ANEW_SECONDS = 15.0

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class NoCache:
    """Stands in when no Redis is configured."""

    async def recall(self, text: str) -> bytes | None:
        return None

    async def remember(self, text: str, answer: bytes) -> None:
        return None


class RedisCache:
    """Keeps answers for a day, each with a mark of the text and of whatever could change it."""

    def __init__(self, url: str, generation: str, now: Callable[[], float]) -> None:
        # Retrying is the caller's business: the next text asks again anyway.
        self._redis = _open(url)
        # Its own connection: a cache that is busy is not sick.
        self._watched = _open(url)
        self._anew_at = now() + ANEW_SECONDS
        self._generation = generation
        self._now = now
        self._away_until = float("-inf")

    async def recall(self, text: str) -> bytes | None:
        slot, mark = self._place(text)
        found = await self._within_timeout(lambda: self._redis.get(slot))
        if isinstance(found, bytes) and found.startswith(mark):
            return found[len(mark) :]
        return None

    async def remember(self, text: str, answer: bytes) -> None:
        slot, mark = self._place(text)
        kept = mark + answer
        if len(kept) <= SLOT_BYTES_MAX:
            await self._within_timeout(lambda: self._redis.set(slot, kept, ex=LIFETIME_SECONDS))

    async def ping(self) -> None:
        if self._now() >= self._anew_at:
            await self._watched.connection_pool.disconnect()
            self._anew_at = self._now() + ANEW_SECONDS
        await self._watched.ping()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._watched.aclose()

    def _place(self, text: str) -> tuple[str, bytes]:
        """The slot of a text, and what says that it is this one's and of this generation.

        What people ate is nobody's business, so the words themselves are nowhere.
        """
        digest = hashlib.sha256(text.encode()).digest()
        mark = hashlib.sha256(self._generation.encode() + b"\0" + digest).digest()
        return f"ml:estimate:{int.from_bytes(digest[:4]) % SLOTS}", mark

    async def _within_timeout(self, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Waits a moment at most, and after a failure does not ask again for a while."""
        if self._now() < self._away_until:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await ask()
        except (RedisError, OSError) as error:
            self._away_until = self._now() + AWAY_SECONDS
            log.warning(
                "redis is away; going on without it: %s", str(error) or type(error).__name__
            )
            return None


def _open(url: str) -> Redis:
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=1,
        socket_connect_timeout=1,
        client_name="nutri-ml",
    )
