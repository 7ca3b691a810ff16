"""Remembers estimates in Redis. A cache that is away, slow or spoilt is as good as empty."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

LIFETIME_SECONDS = 24 * 60 * 60
TIMEOUT_SECONDS = 0.2
AWAY_SECONDS = 5.0

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class NoCache:
    """Stands in when no Redis is configured."""

    async def recall(self, text: str) -> bytes | None:
        return None

    async def remember(self, text: str, answer: bytes) -> None:
        return None


class RedisCache:
    """Keeps answers for a day, under a name that changes with whatever could change them."""

    def __init__(self, url: str, generation: str, now: Callable[[], float]) -> None:
        # Retrying is the caller's business: the next text asks again anyway.
        self._redis = _open(url)
        # Its own connection: a cache that is busy is not sick.
        self._watched = _open(url)
        self._generation = generation
        self._now = now
        self._away_until = float("-inf")

    async def recall(self, text: str) -> bytes | None:
        found = await self._within_timeout(lambda: self._redis.get(self._key(text)))
        return found if isinstance(found, bytes) else None

    async def remember(self, text: str, answer: bytes) -> None:
        await self._within_timeout(
            lambda: self._redis.set(self._key(text), answer, ex=LIFETIME_SECONDS)
        )

    async def ping(self) -> None:
        await self._watched.ping()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._watched.aclose()

    def _key(self, text: str) -> str:
        """What people ate is nobody's business, so the words themselves are not in the key."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"ml:estimate:{self._generation}:{digest}"

    async def _within_timeout(self, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Waits a moment at most, and after a failure does not ask again for a while."""
        if self._now() < self._away_until:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await ask()
        except (RedisError, OSError) as error:
            self._away_until = self._now() + AWAY_SECONDS
            log.warning("redis is away; going on without it: %s", error or type(error).__name__)
            return None


def _open(url: str) -> Redis:
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=1,
        socket_connect_timeout=1,
        client_name="nutri-ml",
    )
