"""Runs the service, and starts it anew when one of its sources was edited.

Files are looked at, not watched: a folder that a virtual machine mounts tells of no edit.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

SOURCES = Path(sys.argv[1] if len(sys.argv) > 1 else "/app/src/nutri_ml")
LOOK_EVERY_SECONDS = 0.3

Times = dict[Path, tuple[float, int]]


class Told(Exception):
    """We were told to end."""


def times() -> Times:
    """When each source was written last; one that is replaced just now has no time."""
    found: Times = {}
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in {".py", ".csv", ".bin"}:
            try:
                written = path.stat()
            except FileNotFoundError:
                continue
            found[path] = (written.st_mtime, written.st_size)
    return found


def start() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "nutri_ml"])


def stop(service: subprocess.Popen[bytes]) -> int:
    if service.poll() is None:
        service.send_signal(signal.SIGTERM)
    return service.wait()


def say(message: str) -> None:
    sys.stderr.write(f"dev: {message}\n")


def end(_signal: int, _frame: FrameType | None) -> None:
    raise Told


def main() -> int:
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    known, service, ended = times(), start(), False
    try:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            now = times()
            edited = [
                str(path) for path in now.keys() | known.keys() if now.get(path) != known.get(path)
            ]
            if edited:
                say(f"edited: {', '.join(sorted(edited))}")
                stop(service)
                service, ended = start(), False
            elif service.poll() is not None and not ended:
                say(f"the service ended with {service.returncode}; waiting for an edit")
                ended = True
            known = now
    except Told:
        return stop(service)


if __name__ == "__main__":
    raise SystemExit(main())
