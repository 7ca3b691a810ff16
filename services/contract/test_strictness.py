"""What both services answer to requests that they do not serve: the same."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from conftest import Service

CASES = json.loads(Path(__file__).with_name("strictness.json").read_text())["cases"]


def body_of(case: dict[str, Any]) -> str | bytes | None:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "json_of_bytes" in case:
        return '"' + "x" * int(case["json_of_bytes"]) + '"'
    return case.get("body", case.get("json"))


def headers_of(case: dict[str, Any]) -> dict[str, str]:
    headers = {"content-type": case.get("type", "application/json")}
    return headers | ({"content-encoding": case["encoding"]} if "encoding" in case else {})


def path_of(case: dict[str, Any], service: Service) -> str:
    known = service.paths["@"]
    more = {"@/": f"{known}/", "@capitals": known.upper()}
    asked: str = case["path"]
    return (service.paths | more).get(asked, asked)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_answer_is_the_one_of_both_services(service: Service, case: dict[str, Any]) -> None:
    content = body_of(case)
    path = path_of(case, service)
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


@pytest.mark.parametrize(
    "head",
    [
        "GET {} HTTP/1.1\r\n",
        "GET {} HTTP/1.1\r\nhost: one\r\nhost: two\r\n",
        "POST {} HTTP/1.1\r\nhost: one\r\ncontent-length: -1\r\n",
        "POST {} HTTP/1.1\r\nhost: one\r\ntransfer-encoding : chunked\r\n",
    ],
    ids=["no host", "two hosts", "a length below zero", "a header with a space in its name"],
)
def test_a_head_that_is_unclear_is_refused_with_the_body_of_every_error(
    service: Service, head: str
) -> None:
    sent = head.format(service.paths["live"]) + "connection: close\r\n\r\n"
    parts = urlsplit(service.url)
    assert parts.hostname, "a service has an address"
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as client:
        client.sendall(sent.encode())
        said = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    assert said.startswith("HTTP/1.1 400 "), said
    assert '"code":"invalid_request"' in said
