import asyncio

import pytest

from nutri_ml.domain import health
from nutri_ml.domain.health import Check, HealthWatch, Probe, overall

WELL, ILL, UNSET = Check("healthy"), Check("unhealthy"), Check("not_configured")


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class CountingProbe:
    """A dependency that counts how often it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self.error = error

    async def __call__(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("model", "database", "redis", "expected"),
    [
        (WELL, WELL, WELL, "healthy"),
        (WELL, UNSET, UNSET, "healthy"),
        (WELL, WELL, ILL, "degraded"),
        (WELL, ILL, WELL, "degraded"),
        (WELL, ILL, ILL, "degraded"),
        (WELL, Check("unknown"), WELL, "degraded"),
        (ILL, WELL, WELL, "unhealthy"),
        (Check("unknown"), WELL, WELL, "unhealthy"),
    ],
)
def test_the_whole_is_judged_from_its_parts(
    model: Check, database: Check, redis: Check, expected: str
) -> None:
    assert overall({"model": model, "database": database, "redis": redis}) == expected


def test_nothing_is_asked_for_an_answer_and_nothing_is_claimed_before_the_first_one() -> None:
    probe = CountingProbe()
    watch = HealthWatch({"model": probe, "redis": None}, Clock())
    found = {name: check.status for name, check in watch.checks.items()}
    assert found == {"model": "unknown", "redis": "not_configured"}
    assert watch.age_ms is None
    assert overall(watch.checks) == "unhealthy"
    assert probe.asked == 0


def test_the_age_is_that_of_the_oldest_knowledge() -> None:
    clock = Clock()
    watch = HealthWatch({"model": CountingProbe(), "redis": None}, clock)
    asyncio.run(watch.look())
    clock.seconds = 1.5
    assert watch.age_ms == 1500.0


def test_the_background_asks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PAUSE_SECONDS", 0)
    probe = CountingProbe()

    async def watch_for_a_while() -> None:
        watching = asyncio.create_task(HealthWatch({"model": probe}, Clock()).run())
        while probe.asked < 5:  # noqa: ASYNC110  the loop under test has no event
            await asyncio.sleep(0)
        watching.cancel()

    asyncio.run(watch_for_a_while())
    assert probe.asked >= 5


def test_a_dependency_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 60)
    probe = CountingProbe()

    async def hang() -> None:
        await asyncio.sleep(60)

    async def watch_for_a_while() -> HealthWatch:
        watch = HealthWatch({"model": probe, "database": hang}, Clock())
        watching = asyncio.create_task(watch.run())
        while probe.asked < 5:  # noqa: ASYNC110  the loop under test has no event
            await asyncio.sleep(0)
        watching.cancel()
        return watch

    found = asyncio.run(watch_for_a_while()).checks
    assert (found["model"].status, found["database"].status) == ("healthy", "unknown")


def test_a_dependency_that_does_not_answer_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.01)

    async def hang() -> None:
        await asyncio.sleep(60)

    probes: dict[str, Probe] = {"model": CountingProbe(), "database": hang, "redis": None}
    watch = HealthWatch(probes, Clock())
    asyncio.run(watch.look())
    assert {name: check.status for name, check in watch.checks.items()} == {
        "model": "healthy",
        "database": "unhealthy",
        "redis": "not_configured",
    }


def test_a_model_that_is_slow_for_want_of_processor_is_not_sick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0)
    watch = HealthWatch({"model": CountingProbe()}, Clock())
    asyncio.run(watch.look())
    assert watch.checks["model"].status == "healthy"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("refused"), "refused"),
        (TimeoutError(), "TimeoutError"),
        (OSError("no route: "), "no route: OSError"),
    ],
)
def test_an_ill_dependency_is_logged_once(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch = HealthWatch({"database": CountingProbe(error)}, Clock())

    async def look_three_times() -> None:
        for _ in range(3):
            await watch.look()

    asyncio.run(look_three_times())
    assert [record.getMessage() for record in caplog.records] == [
        f"failed to check `database`: {said}"
    ]
