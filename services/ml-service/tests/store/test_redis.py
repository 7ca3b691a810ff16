import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from redis.exceptions import RedisError

from nutri_ml.store.redis import AWAY_SECONDS, LIFETIME_SECONDS, NoCache, RedisCache
from tests.requirement import required
from tests.store.servers import find_program, free_port, running

TEXT = "two eggs and a slice of toast"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    found = find_program("redis-server", "/usr/sbin", "/usr/local/sbin")
    program = required("redis-server", found)
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    listen = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running([program, *listen], port):
        yield f"redis://127.0.0.1:{port}/0"


@asynccontextmanager
async def opened(url: str, generation: str = "test") -> AsyncIterator[RedisCache]:
    cache = RedisCache(url, generation, monotonic)
    try:
        yield cache
    finally:
        await cache.close()


def test_what_was_remembered_is_recalled_until_the_generation_changes(url: str) -> None:
    async def remember_and_recall() -> list[bytes | None]:
        async with opened(url, "one") as one, opened(url, "two") as two:
            await one.remember(TEXT, b"answer")
            return [await one.recall(TEXT), await one.recall("other"), await two.recall(TEXT)]

    assert asyncio.run(remember_and_recall()) == [b"answer", None, None]


def test_what_is_kept_has_no_words_in_its_name_and_ends(url: str) -> None:
    async def look() -> tuple[list[bytes], int]:
        async with opened(url, "look") as cache:
            await cache.remember(TEXT, b"answer")
            keys = [key async for key in cache._redis.scan_iter("ml:estimate:look:*")]
            return keys, await cache._redis.ttl(keys[0])

    keys, lifetime = asyncio.run(look())
    assert len(keys) == 1
    assert b"egg" not in keys[0]
    assert 0 < lifetime <= LIFETIME_SECONDS


def test_a_redis_that_is_up_answers(url: str) -> None:
    async def ping() -> None:
        async with opened(url) as cache:
            await cache.ping()

    asyncio.run(ping())


def test_a_redis_that_is_down_raises_when_it_is_checked() -> None:
    async def ping() -> None:
        async with opened(f"redis://127.0.0.1:{free_port()}/0") as cache:
            await cache.ping()

    with pytest.raises(RedisError):
        asyncio.run(ping())


def test_a_redis_that_is_away_is_an_empty_cache_and_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0

    async def ask() -> None:
        nonlocal now
        cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0", "test", lambda: now)
        assert await cache.recall(TEXT) is None
        await cache.remember(TEXT, b"answer")
        assert len(caplog.records) == 1
        now += AWAY_SECONDS
        assert await cache.recall(TEXT) is None
        await cache.close()

    asyncio.run(ask())
    assert len(caplog.records) == 2


def test_a_redis_that_hangs_is_not_waited_for() -> None:
    async def ask() -> float:
        # Connections to it succeed, and nobody ever reads from them.
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "test", monotonic)
        started = monotonic()
        assert await cache.recall(TEXT) is None
        waited = monotonic() - started
        await cache.close()
        listener.close()
        return waited

    assert asyncio.run(ask()) < 1


def test_no_cache_remembers_nothing() -> None:
    async def remember_and_recall() -> bytes | None:
        cache = NoCache()
        await cache.remember(TEXT, b"answer")
        return await cache.recall(TEXT)

    assert asyncio.run(remember_and_recall()) is None
