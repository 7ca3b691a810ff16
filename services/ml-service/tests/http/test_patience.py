"""Requests that arrive slowly, or whose length can be read in two ways, over real sockets."""

import asyncio
from contextlib import suppress

import pytest

from nutri_ml.http import patience
from tests.http.conftest import World
from tests.http.serving import Served, served, until

HEAD = b"POST /v1/estimate HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
BODY = b'{"text": "an apple"}'
LENGTH = b"content-length: 20\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n"


def answers(world: World, *pieces: bytes) -> str:
    """What comes until the server hangs up, which the client never does."""

    async def send() -> str:
        async with served(world) as door:
            await until(lambda: world.estimator.stage.value == "ready")
            client = await door.client()
            for piece in pieces:
                client.send(piece)
            return await client.answer()

    return asyncio.run(send())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"GET /health"], id="half a line"),
        pytest.param([HEAD], id="half a head"),
        pytest.param([HEAD + LENGTH + b"\r\n"], id="no body"),
        pytest.param([HEAD + LENGTH + b"\r\n" + BODY[:5]], id="half a body"),
        pytest.param([HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{"], id="half a chunk"),
    ],
)
def test_half_a_request_is_cut_off(world: World, pieces: list[bytes]) -> None:
    answer = answers(world, *pieces)
    assert answer.startswith("HTTP/1.1 408 Request Timeout\r\n")
    assert answer.count("HTTP/1.1") == 1


@pytest.mark.parametrize("rest", [b"GET", HEAD + LENGTH + b"\r\n{"])
def test_half_a_request_after_a_whole_one_is_cut_off(
    world: World, rest: bytes, request: pytest.FixtureRequest
) -> None:
    async def send() -> str:
        async with served(world) as door:
            client = await door.client()
            client.send(LIVE)
            await until(lambda: any(p.cycle and p.cycle.response_complete for p in door.protocols))
            request.getfixturevalue("impatient")
            client.send(rest)
            return await client.answer()

    answer = asyncio.run(send())
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert answer.count("HTTP/1.1 408 ") == 1


@pytest.mark.usefixtures("impatient")
def test_drops_that_keep_coming_do_not_buy_time(world: World) -> None:
    async def drip() -> str:
        async with served(world) as door:
            client = await door.client()
            dripping = asyncio.create_task(drip_for_ever(client.send))
            answer = await client.answer()
            dripping.cancel()
            return answer

    async def drip_for_ever(send: object) -> None:
        assert callable(send)
        send(b"GET / HTTP/1.1\r\nx-drops: ")
        while True:
            send(b"x")
            await asyncio.sleep(0.01)

    # What is sent after the cut may make the kernel drop the answer; cut off it is.
    with suppress(ConnectionResetError):
        assert asyncio.run(drip()).startswith("HTTP/1.1 408 ")


def test_a_whole_request_is_not_cut_off_while_it_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 3600)
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 3600)

    async def timers(door: Served) -> list[bool]:
        client = await door.client()
        client.send(LIVE)
        await until(lambda: any(p.cycle and p.cycle.response_complete for p in door.protocols))
        return [protocol._cut is None for protocol in door.protocols]

    async def ask() -> list[bool]:
        async with served(world) as door:
            return await timers(door)

    assert asyncio.run(ask()) == [True]


@pytest.mark.parametrize("order", [1, -1])
def test_a_length_said_twice_is_refused(world: World, order: int) -> None:
    lengths = [LENGTH, b"transfer-encoding: chunked\r\n"][::order]
    chunk = b"14\r\n" + BODY + b"\r\n0\r\n\r\n"
    answer = answers(world, HEAD + b"".join(lengths) + b"\r\n" + chunk)
    assert answer.startswith("HTTP/1.1 400 ")
    assert '"code":"invalid_request"' in answer
    assert answer.count("HTTP/1.1") == 1


def test_two_lengths_are_refused(world: World) -> None:
    answer = answers(world, HEAD + LENGTH + b"content-length: 5\r\n\r\n" + BODY)
    assert answer.startswith("HTTP/1.1 400 ")


def test_a_length_said_twice_the_same_is_refused(world: World) -> None:
    answer = answers(world, HEAD + LENGTH + LENGTH + b"\r\n" + BODY)
    assert answer.startswith("HTTP/1.1 400 ")
    assert '"code":"invalid_request"' in answer
    assert answer.count("HTTP/1.1") == 1


def test_a_length_said_twice_behind_another_request_is_refused(world: World) -> None:
    answer = answers(world, LIVE + HEAD + LENGTH + LENGTH + b"\r\n" + BODY)
    assert answer.startswith("HTTP/1.1 200 ")
    assert answer.count("HTTP/1.1 400 ") == 1


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["unfinished", "whole"])
def test_a_head_that_is_too_large_is_refused(world: World, end: bytes) -> None:
    head = b"GET /health/live HTTP/1.1\r\nhost: test\r\nx-long: "
    answer = answers(world, head + b"x" * (patience.HEAD_BYTES + 1 - len(head)) + end)
    assert answer.startswith("HTTP/1.1 431 ")
    assert answer.count("HTTP/1.1") == 1


def test_a_long_head_is_answered(world: World) -> None:
    head = b"GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-long: "
    answer = answers(world, head + b"x" * 60_000 + b"\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 ")
