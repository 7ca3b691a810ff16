"""Whether the service can do its work, judged from the things it leans on.

Checks run at the same time, and are shared: however many probes ask, each dependency is asked at
most about once a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

TIMEOUT_SECONDS = 1.0
SHARED_SECONDS = 1.0

# Resolves when the dependency answers, raises when it does not; None: not configured.
Probe = Callable[[], Awaitable[None]] | None
Health = Literal["healthy", "degraded", "unhealthy"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What one dependency answered, and how long that took."""

    status: Literal["healthy", "unhealthy", "not_configured"]
    latency_ms: float = 0.0


Checks = Mapping[str, Check]


def overall(checks: Checks) -> Health:
    """Without model or database nothing works; without Redis answers are only slower."""
    ill = {name for name, check in checks.items() if check.status == "unhealthy"}
    if not ill:
        return "healthy"
    return "degraded" if ill == {"redis"} else "unhealthy"


class HealthChecks:
    """Asks every probe, no more often than it has to."""

    def __init__(self, probes: Mapping[str, Probe], now: Callable[[], float]) -> None:
        self._probes = probes
        self._now = now
        self._turn = asyncio.Lock()
        self._checks: Checks = {}
        self._good_until = float("-inf")

    async def check_all(self) -> Checks:
        """Whoever comes while checks run waits for them, and gets the same answer."""
        async with self._turn:
            if self._now() >= self._good_until:
                answers = await asyncio.gather(*map(self._check, self._probes))
                self._checks = dict(zip(self._probes, answers, strict=True))
                self._good_until = self._now() + SHARED_SECONDS
            return self._checks

    async def _check(self, name: str) -> Check:
        probe = self._probes[name]
        if probe is None:
            return Check("not_configured")
        started = self._now()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await probe()
            status: Literal["healthy", "unhealthy"] = "healthy"
        except Exception as error:
            status = "unhealthy"
            self._say_once(name, error)
        return Check(status, round((self._now() - started) * 1000, 1))

    def _say_once(self, name: str, error: Exception) -> None:
        """Logs the turn from well to ill, not every second of being ill."""
        before = self._checks.get(name)
        if before is None or before.status != "unhealthy":
            log.warning("failed to check `%s`: %s", name, error or type(error).__name__)
