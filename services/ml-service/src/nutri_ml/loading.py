"""Makes the estimator, once, off the loop: weights and vectors of food names are checked first."""

import logging
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

from nutri_ml.domain.estimate import Estimate, Estimator
from nutri_ml.domain.food import FoodTable
from nutri_ml.domain.matching import Matcher
from nutri_ml.domain.ports import Wanted
from nutri_ml.model.encoder import MiniLmEncoder
from nutri_ml.model.weights import DIGESTS, TOKENIZER_FILE, WEIGHTS_FILE, locate, read_checked
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.vectors import read_food_vectors
from nutri_ml.work import WorkQueue

PROBE_TEXT = "an apple"

log = logging.getLogger(__name__)


class Stage(Enum):
    """How far the estimator is; a failed one stays failed until the process is replaced."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class EstimatorAway(Exception):
    """An estimate was asked for before the estimator was ready, or after it failed."""


class LoadingEstimator:
    """An estimator that is on its way; inference never runs on the event loop."""

    def __init__(self, build: Callable[[], Estimator], queue: WorkQueue) -> None:
        self._build = build
        self._estimator: Estimator | None = None
        self._stage = Stage.LOADING
        self._queue = queue
        # Its own thread: a probe behind a queue of estimates would say "ill" for "busy".
        self._own_pool = ThreadPoolExecutor(1, thread_name_prefix="load-and-probe")

    @property
    def stage(self) -> Stage:
        return self._stage

    async def load(self, before_ready: Callable[[], Awaitable[None]]) -> None:
        try:
            self._estimator = await get_running_loop().run_in_executor(self._own_pool, self._build)
        except Exception:
            log.exception("failed to load the model: the service will not become ready")
            await before_ready()
            self._stage = Stage.FAILED
        else:
            await before_ready()
            self._stage = Stage.READY
            log.info("model loaded and checked")

    @property
    def waiting(self) -> int:
        return self._queue.waiting

    @property
    def saturated(self) -> bool:
        return self._queue.saturated

    async def estimate(self, text: str, deadline: float) -> Estimate:
        estimator = self._ready()

        def work(wanted: Wanted) -> Estimate:
            return estimator.estimate(text, wanted)

        return await self._queue.run(work, deadline)

    async def probe(self) -> None:
        """Runs the model once; raises when it cannot."""
        estimator = self._ready()
        await get_running_loop().run_in_executor(self._own_pool, estimator.probe, PROBE_TEXT)

    def close(self) -> None:
        self._queue.close()
        self._own_pool.shutdown(wait=False, cancel_futures=True)

    def _ready(self) -> Estimator:
        if self._estimator is None:
            raise EstimatorAway(f"cannot estimate: the model is {self._stage.value}")
        return self._estimator


def build_estimator(model_path: Path | None) -> Estimator:
    encoder = open_encoder(model_path)
    table = read_food_table()
    matcher = Matcher(table, encoder, read_food_vectors(made_of(table)))
    return Estimator(table, matcher, encoder.is_word)


def open_encoder(model_path: Path | None) -> MiniLmEncoder:
    files = read_checked(locate(model_path))
    return MiniLmEncoder(files[WEIGHTS_FILE], files[TOKENIZER_FILE])


def made_of(table: FoodTable) -> dict[str, str]:
    """What the vectors of the food names depend on."""
    weights, vocabulary = DIGESTS[WEIGHTS_FILE], DIGESTS[TOKENIZER_FILE]
    return {"table": table.digest, "weights": weights, "vocabulary": vocabulary}
