"""A bounded queue in front of the threads that compute.

Whoever does not fit is told so at once; whoever left, or whose time is over, is never computed, and
what is being computed for them stops at its next step.
"""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from nutri_ml.domain.ports import Wanted

# A burst fills the queue for a moment; this long is more work than there is processor for.
SATURATED_SECONDS = 3.0

Answer = TypeVar("Answer")


class QueueFull(Exception):
    """More is asked for than can be computed soon."""

    def __init__(self) -> None:
        super().__init__("cannot estimate: too many estimates are waiting already")


class TooLate(Exception):
    """The caller's time was over before there was an answer."""

    def __init__(self) -> None:
        super().__init__("cannot estimate: the time that the caller gave is over")


class WorkQueue:
    """Runs work in its own threads, in the order in which it was asked for."""

    def __init__(self, threads: int, waiting_max: int, seconds: Callable[[], float]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="estimate")
        self._free = asyncio.Semaphore(threads)
        self._waiting_max = waiting_max
        self._seconds = seconds
        self._waiting = 0
        self._full_since = math.inf

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def saturated(self) -> bool:
        return self._seconds() - self._full_since >= SATURATED_SECONDS

    async def run(self, work: Callable[[Wanted], Answer], deadline: float) -> Answer:
        """Runs work when it is its turn. Cancelled, or after the deadline, it leaves the queue."""
        if self._seconds() >= deadline:
            raise TooLate
        try:
            async with asyncio.timeout(deadline - self._seconds()):
                await self._wait_for_turn()
                return await self._compute(work)
        except TimeoutError:
            raise TooLate from None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _wait_for_turn(self) -> None:
        if self._free.locked() and self._waiting >= self._waiting_max:
            raise QueueFull
        self._count(1)
        try:
            await self._free.acquire()
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        """Under a flood one place is free now and then: only half a queue ends a saturation."""
        self._waiting += change
        if self._waiting >= self._waiting_max:
            self._full_since = min(self._full_since, self._seconds())
        elif self._waiting <= self._waiting_max // 2:
            self._full_since = math.inf

    async def _compute(self, work: Callable[[Wanted], Answer]) -> Answer:
        left = Event()
        running = self._pool.submit(work, lambda: not left.is_set())
        loop = asyncio.get_running_loop()
        # A thread is free when its work ends, however long ago the caller left.
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        try:
            return await asyncio.wrap_future(running)
        finally:
            left.set()
