"""The one way to the log: JSON lines on stdout, the same field names as the backend."""

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from nutri_ml.scrub import REDACTED, scrub, scrub_text

SERVICE = "ml-service"
LEVELS = {"WARNING": "warn", "CRITICAL": "fatal"}
NUMBERS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
FIELDS = ("method", "path", "status", "duration_ms", "problems")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON, without the secrets it was told."""

    def __init__(self, version: str, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._version = version
        # Longest first: a URL goes whole, not as pieces around its password.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "timestamp": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": LEVELS.get(record.levelname, record.levelname.lower()),
            "service": SERVICE,
            "version": self._version,
            "request_id": request_id.get(),
            "message": self._redact(record.getMessage()),
            **{name: self._clean(vars(record)[name]) for name in FIELDS if name in vars(record)},
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = self._error(record.exc_info[1])
        present = {name: value for name, value in line.items() if value is not None}
        return json.dumps(present, ensure_ascii=False, default=str)

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return scrub_text(text)

    def _clean(self, value: object) -> object:
        return self._redact(value) if isinstance(value, str) else scrub(value)

    def _error(self, error: BaseException) -> dict[str, str]:
        """An object with the backend's fields."""
        stack = "".join(traceback.format_exception(error))
        return {
            "type": type(error).__name__,
            "message": self._redact(str(error)),
            "stack": self._redact(stack),
        }


def timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configure_logs(
    version: str, level: str = "info", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Sends every logger of the process through one formatter, the server's own included."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(version, secrets))
    logging.basicConfig(level=NUMBERS[level], handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(NUMBERS[level], logging.WARNING))
