"""Whether the service can do its work, judged from the things it leans on.

Every dependency is asked in the background, over and over, each in a loop of its own: an answer
never waits for one, it tells what is known and how old that is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 1.0
# A model that is slow has no processor: busy is not sick.
MODEL_TIMEOUT_SECONDS = 10.0

# Resolves when the dependency answers, raises when it does not; None: not configured.
Probe = Callable[[], Awaitable[None]] | None
Health = Literal["healthy", "degraded", "unhealthy"]
CheckStatus = Literal["healthy", "unhealthy", "unknown", "not_configured"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What one dependency answered, how long that took, and when it was asked."""

    status: CheckStatus
    latency_ms: float = 0.0
    asked_at: float | None = None


Checks = Mapping[str, Check]


def overall(checks: Checks) -> Health:
    """Without the model nothing works; without the others answers are slower, and no worse."""
    if checks["model"].status != "healthy":
        return "unhealthy"
    well = all(check.status in ("healthy", "not_configured") for check in checks.values())
    return "healthy" if well else "degraded"


class HealthWatch:
    """Asks every dependency in the background, and remembers what it answered last."""

    def __init__(self, probes: Mapping[str, Probe], now: Callable[[], float]) -> None:
        self._probes = {name: probe for name, probe in probes.items() if probe is not None}
        self._turns = {name: asyncio.Lock() for name in self._probes}
        self._now = now
        self._checks = {
            name: Check("unknown" if probe else "not_configured") for name, probe in probes.items()
        }

    @property
    def checks(self) -> Checks:
        return dict(self._checks)

    @property
    def age_ms(self) -> float | None:
        """How old the oldest knowledge is; None: something was never asked."""
        asked = [self._checks[name].asked_at for name in self._probes]
        ages = [self._now() - moment for moment in asked if moment is not None]
        return round(max(ages, default=0.0) * 1000, 1) if len(ages) == len(asked) else None

    async def run(self) -> None:
        """Never ends; a dependency that hangs holds up its own loop only."""
        await asyncio.gather(*map(self._watch, self._probes))

    async def look(self) -> None:
        """Asks every dependency once."""
        await asyncio.gather(*map(self._ask, self._probes))

    async def _watch(self, name: str) -> None:
        while True:
            await self._ask(name)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, name: str) -> None:
        # One after the other, so that what was asked later is what is remembered.
        async with self._turns[name]:
            self._checks[name] = await self._check(name)

    async def _check(self, name: str) -> Check:
        started = self._now()
        try:
            async with asyncio.timeout(
                MODEL_TIMEOUT_SECONDS if name == "model" else TIMEOUT_SECONDS
            ):
                await self._probes[name]()
            status: CheckStatus = "healthy"
        except Exception as error:
            status = "unhealthy"
            self._say_once(name, error)
        return Check(status, round((self._now() - started) * 1000, 1), started)

    def _say_once(self, name: str, error: Exception) -> None:
        """Logs the turn from well to ill, not every second of being ill."""
        if self._checks[name].status != "unhealthy":
            log.warning("failed to check `%s`: %s", name, _reason(error))


def _reason(error: Exception) -> str:
    """Some errors say nothing, or end where their reason should be."""
    said = str(error).strip()
    return said if said and not said.endswith(":") else f"{said} {type(error).__name__}".strip()
