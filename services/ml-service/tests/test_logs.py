import json
import logging
import sys

import pytest

from nutri_ml.logs import JsonFormatter, request_id


def line(message: str, level: int = logging.INFO, **fields: object) -> dict[str, object]:
    formatter = JsonFormatter("1.2.3", ["postgresql://me:hunter2@db/x", "hunter2"])
    record = logging.LogRecord("a", level, "f", 1, message, (), fields.pop("exc_info", None))  # type: ignore[arg-type]
    vars(record).update(fields)
    text = formatter.format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_line_has_the_fields_of_both_services() -> None:
    found = line("hello")
    assert found.keys() == {"timestamp", "level", "service", "version", "message"}
    assert (found["service"], found["version"]) == ("ml-service", "1.2.3")
    assert str(found["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (logging.DEBUG, "debug"),
        (logging.WARNING, "warn"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "fatal"),
    ],
)
def test_levels_are_words_of_both_services(level: int, word: str) -> None:
    assert line("x", level)["level"] == word


def test_the_request_id_is_on_the_line_while_there_is_one() -> None:
    token = request_id.set("abc")
    assert line("x")["request_id"] == "abc"
    request_id.reset(token)
    assert "request_id" not in line("x")


@pytest.mark.parametrize(
    "message",
    [
        "cannot reach postgresql://me:hunter2@db/x",
        "password hunter2 is wrong",
        "cannot reach redis://u:unheard-of@cache:6379",
    ],
)
def test_secrets_do_not_reach_the_log(message: str) -> None:
    found = str(line(message)["message"])
    assert "hunter2" not in found
    assert "unheard-of" not in found
    assert "[redacted]" in found


def test_an_exception_is_one_line_and_redacted() -> None:
    try:
        raise ValueError("hunter2")
    except ValueError:
        found = line("failed", exc_info=sys.exc_info())
    assert "ValueError: [redacted]" in str(found["error"])
