"""Many estimates that nobody waits for any more, and one that somebody does."""

import json
import secrets
import select
import socket
from urllib.parse import urlsplit

import httpx2 as httpx

from conftest import Service

ABANDONED = 60
MENTIONS = 50
# A busy machine may make one answer late; abandoned work that is done all the same makes each late.
ATTEMPTS = 2


def long_text() -> str:
    """As long to compute as a text can be, and in no cache."""
    return ", ".join(f"{secrets.token_hex(4)} stew" for _ in range(MENTIONS))


def ask(url: str) -> socket.socket:
    """Asks, and leaves the answer for later."""
    parts = urlsplit(url)
    assert parts.hostname, "a service has an address"
    body = json.dumps({"text": long_text()})
    lines = [f"POST {parts.path} HTTP/1.1", "host: test", "content-type: application/json"]
    lines += [f"content-length: {len(body)}"]
    client = socket.create_connection((parts.hostname, parts.port or 80))
    client.sendall("\r\n".join([*lines, "", body]).encode())
    return client


def abandon(url: str) -> None:
    """Asks for more than fits, and hangs up once it is under way."""
    clients = [ask(url) for _ in range(ABANDONED)]
    # The first answer is that the queue is full, or an estimate: others are in it by then.
    answered, _, _ = select.select(clients, [], [], 30)
    for client in clients:
        client.close()
    assert answered, "none of so many was answered"


def test_a_normal_estimate_is_answered_during_a_flood_of_abandoned_ones(
    ml_service: Service, backend: Service, somebody: dict[str, str]
) -> None:
    url = f"{backend.url}/api/estimates"
    answers: list[int] = []
    while len(answers) < ATTEMPTS and 200 not in answers:
        abandon(f"{ml_service.url}/v1/estimate")
        text = f"two eggs and a slice of toast {secrets.token_hex(4)}"
        answer = httpx.post(url, json={"text": text}, headers=somebody, timeout=30)
        answers.append(answer.status_code)
    assert answers[-1] == 200, answers
