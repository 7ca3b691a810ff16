import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic, sleep
from urllib.parse import urlsplit

import psycopg
import pytest

from nutri_ml.domain.health import CheckStatus, HealthWatch
from nutri_ml.store.database import ANEW_SECONDS, WatchedDatabase, libpq_url
from tests.requirement import required
from tests.store.proxy import proxied
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
async def watched(url: str, now: Callable[[], float] = monotonic) -> AsyncIterator[WatchedDatabase]:
    database = WatchedDatabase(url, now)
    try:
        yield database
    finally:
        await database.close()


async def until_healthy(health: HealthWatch) -> None:
    """A busy machine may need more than the time of one check."""
    async with asyncio.timeout(30):
        while health.checks["database"].status != "healthy":
            await health.look()


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


def test_a_login_that_was_revoked_is_seen_after_a_while(cluster: Postgres) -> None:
    now = 0.0

    async def revoke_and_ask() -> None:
        nonlocal now
        with cluster.up():
            wait_until_answering(cluster.url)
            with psycopg.connect(cluster.url, autocommit=True) as owner:
                owner.execute("CREATE ROLE watcher LOGIN")
                async with watched(cluster.url.replace("nutri@", "watcher@"), lambda: now) as it:
                    await it.ping()
                    owner.execute("ALTER ROLE watcher NOLOGIN")
                    await it.ping()
                    now += ANEW_SECONDS
                    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                        await it.ping()
                    owner.execute("ALTER ROLE watcher LOGIN")
                    await it.ping()

    asyncio.run(revoke_and_ask())


def test_a_network_that_swallows_is_not_waited_for_and_another_connection_is_made(
    url: str,
) -> None:
    async def ask_through_silence() -> tuple[CheckStatus, int]:
        parts = urlsplit(url)
        async with proxied(parts.port or 5432) as proxy:
            behind = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{proxy.port}"))
            async with watched(behind.geturl()) as database:
                health = HealthWatch({"database": database.ping}, monotonic)
                await until_healthy(health)
                proxy.swallows, before = True, proxy.connections
                await health.look()
                swallowed, during = health.checks["database"].status, proxy.connections
                proxy.swallows = False
                await until_healthy(health)
                return swallowed, during - before

    # Who asks the server to cancel connects once more, and waits for that.
    assert asyncio.run(ask_through_silence()) == ("unhealthy", 0)


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
