import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import monotonic, sleep

import psycopg
import pytest

from nutri_ml.store.database import WatchedDatabase, libpq_url
from tests.requirement import required
from tests.store.servers import Postgres, find_postgres, free_port


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    required("postgres", find_postgres("initdb"))
    # Postgres runs as another user, who must be able to walk to its folder.
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder.parent, folder.parent.parent):
        parent.chmod(parent.stat().st_mode | 0o011)
    return Postgres(folder)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    cluster: Postgres = request.getfixturevalue("cluster")
    with cluster.up():
        wait_until_answering(cluster.url)
        yield cluster.url


def wait_until_answering(url: str) -> None:
    """A cluster listens a moment before it lets anybody in."""
    deadline = monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert monotonic() < deadline, "waited too long"
            sleep(0.05)


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[WatchedDatabase]:
    database = WatchedDatabase(url)
    try:
        yield database
    finally:
        await database.close()


async def ping_times(url: str, times: int) -> None:
    async with watched(url) as database:
        for _ in range(times):
            await database.ping()


def test_a_database_that_is_up_answers_over_one_connection(url: str) -> None:
    asyncio.run(ping_times(url, 3))


def test_parameters_for_prisma_do_not_keep_it_from_answering(url: str) -> None:
    asyncio.run(ping_times(f"{url}?schema=public&pgbouncer=true&connection_limit=5", 1))


def test_a_database_that_is_down_raises() -> None:
    url = f"postgresql://nutri@127.0.0.1:{free_port()}/postgres"
    with pytest.raises(psycopg.OperationalError):
        asyncio.run(ping_times(url, 1))


def test_a_check_that_was_cut_off_does_not_spoil_the_next(url: str) -> None:
    async def cut_off_then_ask() -> None:
        async with watched(url) as database:
            await database.ping()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await database.ping()
            await database.ping()

    asyncio.run(cut_off_then_ask())


def test_a_restarted_database_is_found_again(cluster: Postgres) -> None:
    async def ask_around_a_restart() -> None:
        async with watched(cluster.url) as database:
            with cluster.up():
                wait_until_answering(cluster.url)
                await database.ping()
            with pytest.raises(psycopg.OperationalError):
                await database.ping()
            with cluster.up():
                wait_until_answering(cluster.url)
                await database.ping()

    asyncio.run(ask_around_a_restart())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgresql://a@b/c", "postgresql://a@b/c"),
        ("postgresql://a@b/c?schema=public", "postgresql://a@b/c"),
        ("postgres://a@b/c?sslmode=require&pgbouncer=true", "postgres://a@b/c?sslmode=require"),
    ],
)
def test_only_what_libpq_knows_is_kept(given: str, kept: str) -> None:
    assert libpq_url(given) == kept
