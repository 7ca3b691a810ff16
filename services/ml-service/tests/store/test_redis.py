import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from time import monotonic
from urllib.parse import urlsplit

import pytest
from redis.exceptions import RedisError

from nutri_ml.store import redis
from nutri_ml.store.redis import (
    ANEW_SECONDS,
    AWAY_SECONDS,
    LIFETIME_SECONDS,
    SLOT_BYTES_MAX,
    SLOTS,
    TIMEOUT_SECONDS,
    NoCache,
    RedisCache,
)
from tests.requirement import required
from tests.store.proxy import proxied
from tests.store.servers import find_program, free_port, running

TEXT = "two eggs and a slice of toast"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    with started(tmp_path_factory) as url:
        yield url


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """For tests that do to a server what nobody may do to one that was given."""
    with started(tmp_path_factory) as url:
        yield url


@contextmanager
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = find_program("redis-server", "/usr/sbin", "/usr/local/sbin")
    program = required("redis-server", found)
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    listen = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running([program, *listen], port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine answers late; what is never answered has tests of its own."""
    monkeypatch.setattr(redis, "TIMEOUT_SECONDS", 5)


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
            found = [await one.recall(TEXT), await one.recall("other"), await two.recall(TEXT)]
            await two.remember(TEXT, b"of two")
            return [*found, await two.recall(TEXT), await one.recall(TEXT)]

    assert asyncio.run(remember_and_recall()) == [b"answer", None, None, b"of two", None]


def test_what_is_kept_has_no_words_in_its_name_and_ends(url: str) -> None:
    async def look() -> tuple[list[bytes], int]:
        async with opened(url, "look") as cache:
            slot, _ = cache._place(TEXT)
            await cache._redis.delete(slot)
            await cache.remember(TEXT, b"answer")
            found = await cache._redis.get(slot)
            assert isinstance(found, bytes)
            return [slot.encode(), found], await cache._redis.ttl(slot)

    kept, lifetime = asyncio.run(look())
    assert kept[0].startswith(b"ml:estimate:")
    assert kept[1].endswith(b"answer")
    assert b"egg" not in b"".join(kept)
    assert 0 < lifetime <= LIFETIME_SECONDS


def test_however_many_texts_there_are_no_more_keys_are_taken_than_there_are_slots() -> None:
    async def places() -> set[str]:
        async with opened("redis://127.0.0.1:1/0") as cache:
            return {cache._place(f"{at} eggs")[0] for at in range(5 * SLOTS)}

    # Nearly every slot is used, and nothing else.
    assert SLOTS * 0.9 < len(asyncio.run(places())) <= SLOTS


def test_texts_that_share_a_slot_are_told_apart_and_the_later_one_has_it(url: str) -> None:
    async def share() -> list[bytes | None]:
        async with opened(url) as cache:
            slot, _ = cache._place(TEXT)
            other = next(
                text for text in (f"{at} eggs" for at in count()) if cache._place(text)[0] == slot
            )
            await cache.remember(TEXT, b"answer")
            before = await cache.recall(other)
            await cache.remember(other, b"of the other")
            return [before, await cache.recall(other), await cache.recall(TEXT)]

    assert asyncio.run(share()) == [None, b"of the other", None]


def test_what_does_not_fit_into_a_slot_is_not_kept(url: str) -> None:
    async def fill() -> list[int | None]:
        async with opened(url, "fill") as cache:
            room = SLOT_BYTES_MAX - len(cache._place(TEXT)[1])
            lengths: list[int | None] = []
            for text, length in ((TEXT, room), ("other", room + 1)):
                await cache.remember(text, b"x" * length)
                found = await cache.recall(text)
                lengths.append(None if found is None else len(found))
            return [*lengths, room]

    kept, refused, room = asyncio.run(fill())
    assert (kept, refused) == (room, None)


def test_a_redis_that_is_up_answers(url: str) -> None:
    async def ping() -> None:
        async with opened(url) as cache:
            await cache.ping()

    asyncio.run(ping())


def test_a_password_that_was_changed_is_seen_after_a_while(own: str) -> None:
    now = 0.0

    async def change_and_ask() -> None:
        nonlocal now
        cache = RedisCache(own, "test", lambda: now)
        try:
            await cache.ping()
            await cache.remember(TEXT, b"answer")
            await cache._redis.config_set("requirepass", "another")
            await cache.ping()
            now += ANEW_SECONDS
            with pytest.raises(RedisError):
                await cache.ping()
            await cache._redis.config_set("requirepass", "")
            await cache.ping()
        finally:
            await cache.close()

    asyncio.run(change_and_ask())


def test_a_network_that_swallows_is_left_for_another_connection(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    async def ask_through_silence() -> list[bytes | None]:
        nonlocal now
        parts = urlsplit(url)
        async with proxied(parts.port or 6379) as proxy:
            behind = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{proxy.port}"))
            cache = RedisCache(behind.geturl(), "swallow", lambda: now)
            try:
                await cache.ping()
                await cache.remember(TEXT, b"answer")
                found = [await cache.recall(TEXT)]
                proxy.swallows = True
                monkeypatch.setattr(redis, "TIMEOUT_SECONDS", TIMEOUT_SECONDS)
                found.append(await cache.recall(TEXT))
                with pytest.raises((RedisError, TimeoutError)):
                    await cache.ping()
                proxy.swallows = False
                monkeypatch.setattr(redis, "TIMEOUT_SECONDS", 5)
                now += AWAY_SECONDS
                await cache.ping()
                return [*found, await cache.recall(TEXT)]
            finally:
                await cache.close()

    assert asyncio.run(ask_through_silence()) == [b"answer", None, b"answer"]


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


def test_a_redis_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "TIMEOUT_SECONDS", TIMEOUT_SECONDS)

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
