"""A small Sentry on loopback: takes envelopes and keeps the events in them."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class TestSentry:
    """What was told, as events and as every byte that was said."""

    __test__ = False

    port: int
    events: list[dict[str, Any]] = field(default_factory=list)
    said: str = ""

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.port}/42"

    def take(self, path: str, body: bytes) -> None:
        text = body.decode()
        self.said += f"{path}\n{text}"
        if path.startswith("/api/42/envelope/"):
            self.events += events_in(text)


def events_in(envelope: str) -> list[dict[str, Any]]:
    """An envelope is lines of JSON: a header, then a header and a payload for each item."""
    lines = [line for line in envelope.split("\n")[1:] if line]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [json.loads(body) for head, body in pairs if json.loads(head).get("type") == "event"]


@contextmanager
def running_sentry() -> Iterator[TestSentry]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            zipped = self.headers.get("content-encoding") == "gzip"
            sentry.take(self.path, gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sentry = TestSentry(server.server_address[1])
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield sentry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
