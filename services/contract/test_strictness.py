"""What both services answer to requests that they do not serve: the same."""

import json
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from conftest import Service

CASES = json.loads(Path(__file__).with_name("strictness.json").read_text())["cases"]


def body_of(case: dict[str, Any]) -> str | None:
    if "json_of_bytes" in case:
        return '"' + "x" * int(case["json_of_bytes"]) + '"'
    return case.get("body", case.get("json"))


def headers_of(case: dict[str, Any]) -> dict[str, str]:
    headers = {"content-type": case.get("type", "application/json")}
    return headers | ({"content-encoding": case["encoding"]} if "encoding" in case else {})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_answer_is_the_one_of_both_services(service: Service, case: dict[str, Any]) -> None:
    content = body_of(case)
    path = service.paths.get(case["path"], case["path"])
    headers = headers_of(case) if content is not None else {}
    method = case["method"]
    answer = httpx.request(method, service.url + path, content=content, headers=headers)

    assert answer.status_code == case["status"], answer.text
    assert answer.headers.get("allow") == case.get("allow")
    if method == "HEAD":
        assert answer.content == b""
    else:
        is_error_of(case, answer)


def is_error_of(case: dict[str, Any], answer: httpx.Response) -> None:
    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "request_id", "details"}
    assert error["code"] == case["code"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["message"] == case.get("message", error["message"])
    assert all(detail.keys() == {"path", "message"} for detail in error["details"])
