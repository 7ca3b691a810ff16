"""Answers on PORT until it is told to end, and for DRAIN_SECONDS more."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

draining = threading.Event()


def answer(path: str) -> tuple[int, dict[str, str]]:
    """The status and the body for a path."""
    match path:
        case "/":
            return 200, {"hello": "world"}
        case "/health/live":
            return 200, {"status": "healthy"}
        case "/health/ready" if draining.is_set():
            return 503, {"status": "draining"}
        case "/health/ready":
            return 200, {"status": "healthy"}
        case "/health":
            return 200, {"status": "healthy", "version": os.environ.get("APP_VERSION", "none")}
    return 404, {"error": "not found"}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Answers it."""
        status, body = answer(self.path.split("?")[0])
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing is logged of a request."""


def main() -> None:
    """Serves, and drains when it is told to end."""
    server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)

    def drain(*_: object) -> None:
        draining.set()
        threading.Timer(float(os.environ.get("DRAIN_SECONDS", "0")), server.shutdown).start()

    signal.signal(signal.SIGTERM, drain)
    server.serve_forever()


if __name__ == "__main__":
    main()
