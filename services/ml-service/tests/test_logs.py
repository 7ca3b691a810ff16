import json
import logging
import sys
import time

import pytest

from nutri_ml.logs import JsonFormatter, request_id
from nutri_ml.scrub import scrub_text


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
        r"{\"password\":\"unheard-of\"}",
        "{ refresh_token: 'unheard-of' }",
        "x-api-key: unheard-of",
        "pwd=unheard-of",
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
    error = found["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"type", "message", "stack"}
    assert (error["type"], error["message"]) == ("ValueError", "[redacted]")
    assert "ValueError: [redacted]" in error["stack"]


LEAK = "s3cr3t-Value"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{LEAK}"
LEAKS = [
    f"connect to postgresql://nutri:{LEAK}@db:5432/x failed",
    f"connect to rediss://:{LEAK}@cache failed",
    f"postgres://u:a@{LEAK}@db/x",
    f"host=db user=nutri password={LEAK} dbname=x",
    f"DETAIL: password='{LEAK}'",
    f"authorization: Bearer {LEAK}",
    f"Authorization: Basic {LEAK}==",
    f"got Bearer {LEAK}",
    f"token {JWT}",
    f"cookie: session={LEAK}; other={LEAK}",
    f"Set-Cookie: session={LEAK}",
    f"[(b'authorization', b'{LEAK}'), (b'host', b'x')]",
    f"[(b'cookie', b'a={LEAK}; b={LEAK}')]",
    f"{{'password': '{LEAK}', 'text': 'egg'}}",
    f'{{"user": {{"api_key": "{LEAK}"}}}}',
    f'{{"refresh_token": "{LEAK}"}}',
    f"$argon2id$v=19$m=19456${LEAK}",
    f"{LEAK}@example.com is taken",
]


@pytest.mark.parametrize("leak", LEAKS)
def test_nothing_leaks_through_a_message_a_field_or_an_error(leak: str) -> None:
    try:
        try:
            raise OSError(leak)
        except OSError as cause:
            raise RuntimeError("failed") from cause
    except RuntimeError:
        problems = [{"deep": [leak]}]
        found = json.dumps(line(leak, exc_info=sys.exc_info(), path=leak, problems=problems))
    assert LEAK not in found
    assert "failed" in found


@pytest.mark.parametrize("part", ["a-", "a", "a.", "'", "eyJ-", "a://", "password ", "@a"])
def test_a_long_text_is_not_walked_again_from_each_of_its_characters(part: str) -> None:
    started = time.monotonic()
    scrub_text(part * (100_000 // len(part)))
    # It would be hours.
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("name", ["password", "access_token", "Authorization", "cookie", "email"])
def test_nothing_leaks_through_a_field_with_the_name_of_a_secret(name: str) -> None:
    found = line("x", problems=[{"deep": {name: LEAK, "n": 1, "none": None}}])
    assert found["problems"] == [{"deep": {name: "[redacted]", "n": 1, "none": None}}]


def test_what_is_nested_without_end_is_cut() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert "[too deep]" in json.dumps(line("x", problems=endless))


def test_ordinary_words_stay() -> None:
    words = "failed to check `database`: connection refused (10.0.0.1:5432), 2 tokens, 1 cookie"
    assert line(words)["message"] == words
