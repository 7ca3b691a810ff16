"""The one way to the log: JSON lines on stdout, the same field names as the backend."""

import logging
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict

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


class JsonFormatter(ProcessorFormatter):
    """Writes a record as one line of JSON, without the secrets it was told."""

    def __init__(self, version: str, secrets: Iterable[str] = ()) -> None:
        redact = Redaction(secrets)
        super().__init__(
            foreign_pre_chain=[partial(_fields, version), redact],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                JSONRenderer(ensure_ascii=False, default=str),
            ],
        )


class Redaction:
    """A step of the chain: takes the secrets that it was told, and what looks like one, out."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first: a URL goes whole, not as pieces around its password.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        return {
            name: value if name.startswith("_") else self._clean(value)
            for name, value in line.items()
        }

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return scrub({name: self._clean(it) for name, it in value.items()})
        return scrub(value)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return scrub_text(text)


def _fields(version: str, _logger: object, _method: str, line: EventDict) -> EventDict:
    """A step of the chain: the fields of both services, in their order."""
    record: logging.LogRecord = line["_record"]
    fields: EventDict = {
        "timestamp": timestamp(datetime.fromtimestamp(record.created, UTC)),
        "level": LEVELS.get(record.levelname, record.levelname.lower()),
        "service": SERVICE,
        "version": version,
        "request_id": request_id.get(),
        "message": line["event"],
        **{name: vars(record)[name] for name in FIELDS if name in vars(record)},
    }
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = _parts(record.exc_info[1])
    meta = {name: line[name] for name in ("_record", "_from_structlog")}
    return {**{name: value for name, value in fields.items() if value is not None}, **meta}


def _parts(error: BaseException) -> dict[str, str]:
    """An object with the backend's fields."""
    stack = "".join(traceback.format_exception(error))
    return {"type": type(error).__name__, "message": str(error), "stack": stack}


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
