"""A proxy in front of any TCP server that swallows what is said, as bad networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """Passes bytes on, until it is told to swallow them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.swallows = False
        self.connections = 0
        self.port = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answers, asked = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, asked), (answers, writer)):
            self._tasks.append(asyncio.create_task(self._pass(source, sink)))
            self._writers.append(sink)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(it.wait_closed() for it in self._writers), return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """What was swallowed is lost, so nothing that comes after it arrives either."""
        deaf = False
        try:
            while found := await source.read(65_536):
                deaf = deaf or self.swallows
                if not deaf:
                    sink.write(found)
        finally:
            if not deaf:
                sink.close()


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
