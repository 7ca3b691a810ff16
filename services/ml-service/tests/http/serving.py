"""The app behind the real server, in this process: over sockets, and with its insides at hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from nutri_ml.http.patience import ImpatientProtocol
from nutri_ml.http.server import DrainingServer
from tests.http.conftest import World

TIMEOUT_SECONDS = 30


class Client:
    """One connection, which may leave whenever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, content: bytes) -> None:
        self._writer.write(content)

    def ask(self, text: str, *headers: str) -> None:
        body = json.dumps({"text": text}).encode()
        lines = ["POST /v1/estimate HTTP/1.1", "host: test", "content-type: application/json"]
        head = "\r\n".join([*lines, f"content-length: {len(body)}", "connection: close", *headers])
        self.send(head.encode() + b"\r\n\r\n" + body)

    async def answer(self) -> str:
        """Everything until the server hangs up, which it was asked to do."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return (await self._reader.read()).decode()

    def leave(self) -> None:
        self._writer.transport.abort()


class Served:
    """The port of a server, and who is connected to it."""

    def __init__(self, server: DrainingServer) -> None:
        self._server = server
        self._port = server.servers[0].sockets[0].getsockname()[1]
        self._clients: list[Client] = []

    @property
    def protocols(self) -> list[ImpatientProtocol]:
        found = self._server.server_state.connections
        return [protocol for protocol in found if isinstance(protocol, ImpatientProtocol)]

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        self._clients.append(client)
        return client

    async def asked(self, text: str, *headers: str) -> Client:
        client = await self.client()
        client.ask(text, *headers)
        return client

    async def ask(self, text: str, *headers: str) -> str:
        return await (await self.asked(text, *headers)).answer()

    async def close(self) -> None:
        for client in self._clients:
            client.leave()
        await asyncio.sleep(0)


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Served]:
    server = DrainingServer(world.app(), "127.0.0.1", 0, world.drain, 0)
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    found = Served(server)
    try:
        yield found
    finally:
        await found.close()
        server.should_exit = True
        await running


async def until(ask: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not ask():  # noqa: ASYNC110  what is asked has no event to wait for
            await asyncio.sleep(0.005)
