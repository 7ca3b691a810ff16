import asyncio

import pytest

from nutri_ml.domain import health
from nutri_ml.domain.health import Check, HealthChecks, Probe, overall

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
        (WELL, ILL, WELL, "unhealthy"),
        (WELL, ILL, ILL, "unhealthy"),
        (ILL, WELL, WELL, "unhealthy"),
    ],
)
def test_the_whole_is_judged_from_its_parts(
    model: Check, database: Check, redis: Check, expected: str
) -> None:
    assert overall({"model": model, "database": database, "redis": redis}) == expected


async def ask_together(checks: HealthChecks, times: int) -> None:
    await asyncio.gather(*(checks.check_all() for _ in range(times)))


def test_many_askers_share_one_check() -> None:
    probe, clock = CountingProbe(), Clock()
    asyncio.run(ask_together(HealthChecks({"model": probe}, clock), 50))
    assert probe.asked == 1


def test_a_check_is_repeated_when_it_is_a_second_old() -> None:
    probe, clock = CountingProbe(), Clock()
    checks = HealthChecks({"model": probe}, clock)

    async def ask_at(*moments: float) -> None:
        for clock.seconds in moments:
            await checks.check_all()

    asyncio.run(ask_at(0.0, 0.9, 1.0))
    assert probe.asked == 2


def test_a_dependency_that_does_not_answer_is_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.01)

    async def hang() -> None:
        await asyncio.sleep(60)

    probes: dict[str, Probe] = {"model": CountingProbe(), "database": hang, "redis": None}
    found = asyncio.run(HealthChecks(probes, Clock()).check_all())
    assert {name: check.status for name, check in found.items()} == {
        "model": "healthy",
        "database": "unhealthy",
        "redis": "not_configured",
    }


def test_dependencies_are_asked_at_the_same_time() -> None:
    meeting = asyncio.Barrier(2)

    async def meet() -> None:
        await meeting.wait()

    found = asyncio.run(HealthChecks({"model": meet, "database": meet}, Clock()).check_all())
    assert {check.status for check in found.values()} == {"healthy"}


def test_an_ill_dependency_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    probe, clock = CountingProbe(ConnectionError("refused")), Clock()
    checks = HealthChecks({"database": probe}, clock)

    async def ask_at(*moments: float) -> None:
        for clock.seconds in moments:
            await checks.check_all()

    asyncio.run(ask_at(0.0, 2.0, 4.0))
    assert [record.getMessage() for record in caplog.records] == [
        "failed to check `database`: refused"
    ]
