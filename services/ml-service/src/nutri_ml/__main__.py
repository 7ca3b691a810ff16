"""Starts the service and stops it: opens the doors, hands them to the app, waits for signals."""

import logging
import os
import sys
import time
from datetime import UTC, datetime
from functools import partial

from nutri_ml.app import create_app
from nutri_ml.faults import open_faults
from nutri_ml.http.drain import Drain
from nutri_ml.http.ports import Ports
from nutri_ml.http.server import DrainingServer
from nutri_ml.loading import LoadingEstimator, build_estimator
from nutri_ml.logs import configure_logs
from nutri_ml.metrics import Metrics
from nutri_ml.model.weights import DIGESTS, WEIGHTS_FILE
from nutri_ml.settings import Settings, SettingsError, read_settings
from nutri_ml.store.database import WatchedDatabase
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.redis import NoCache, RedisCache
from nutri_ml.work import WorkQueue

EXIT_DONE = 0
EXIT_SETTINGS = 2


def main() -> int:
    try:
        settings = read_settings()
    except SettingsError as error:
        configure_logs("dev")
        logging.getLogger(__name__).critical("%s", error, extra={"problems": error.problems})
        return EXIT_SETTINGS
    configure_logs(settings.app_version, settings.log_level, settings.secrets())

    ports = open_ports(settings)
    app = create_app(settings, ports)
    if settings.metrics_port:
        ports.metrics.serve(settings.host, settings.metrics_port)
    DrainingServer(app, settings.host, settings.port, ports.drain, settings.drain_seconds).run()
    ports.faults.flush()
    logging.getLogger(__name__).info("stopped")
    return EXIT_DONE


def open_ports(settings: Settings) -> Ports:
    queue = WorkQueue(settings.inference_threads, settings.estimate_queue, time.monotonic)
    estimator = LoadingEstimator(partial(build_estimator, settings.model_path), queue)
    database, cache = open_database(settings), open_cache(settings)
    return Ports(
        estimator=estimator,
        cache=cache or NoCache(),
        probes={
            "model": estimator.probe,
            "database": database.ping if database else None,
            "redis": cache.ping if cache else None,
        },
        drain=Drain(),
        faults=open_faults(settings),
        metrics=Metrics(settings.app_version),
        now=lambda: datetime.now(UTC),
        seconds=time.monotonic,
        close=partial(close_all, database, cache),
    )


def open_database(settings: Settings) -> WatchedDatabase | None:
    url = settings.database_url
    return WatchedDatabase(url.get_secret_value(), time.monotonic) if url else None


def open_cache(settings: Settings) -> RedisCache | None:
    url = settings.redis_url
    if url is None:
        return None
    return RedisCache(url.get_secret_value(), generation(settings), time.monotonic)


async def close_all(*doors: WatchedDatabase | RedisCache | None) -> None:
    for door in doors:
        if door is not None:
            await door.close()


def generation(settings: Settings) -> str:
    """Names whatever an estimate depends on: the code, the weights and the food table."""
    digests = (DIGESTS[WEIGHTS_FILE], read_food_table().digest)
    return "-".join((settings.app_version, *(digest[:8] for digest in digests)))


if __name__ == "__main__":
    status = main()
    # Threads that still encode for a caller who left must not hold the process back.
    sys.stdout.flush()
    os._exit(status)
