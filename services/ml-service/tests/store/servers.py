"""Real servers for tests: Postgres and Redis from installed programs, in folders of their own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

TIMEOUT_SECONDS = 30
# What production runs first; then the newest that Debian or Ubuntu has.
POSTGRES_VERSIONS = (15, 18, 17, 16, 14)


def find_program(name: str, *folders: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))


def find_postgres(name: str) -> str | None:
    """Postgres' own folder first: what stands in PATH may be a wrapper around it."""
    folders = [f"/usr/lib/postgresql/{version}/bin" for version in POSTGRES_VERSIONS]
    return shutil.which(name, path=os.pathsep.join(folders)) or find_program(name)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def unprivileged() -> dict[str, int | str]:
    """Postgres refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid}


@contextmanager
def running(command: list[str], port: int, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a server, waits until it listens, and ends it by its own id."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options  # type: ignore[call-overload]
    ) as process:
        try:
            wait_until_listening(process, port)
            yield process
        finally:
            # Postgres waits for its clients on SIGTERM; on SIGINT both leave at once.
            process.send_signal(signal.SIGINT)


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + TIMEOUT_SECONDS
    while monotonic() < deadline and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.05)
    raise AssertionError(f"failed to start `{process.args!r}`: nothing listens on {port}")


class Postgres:
    """A cluster that can be started and stopped again, with its own port and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cluster"
        self.port = free_port()
        self.identity = unprivileged()
        folder.chmod(0o755)
        self.folder.mkdir(mode=0o700)
        if "user" in self.identity:
            os.chown(self.folder, int(self.identity["user"]), int(self.identity["group"]))
        initdb = find_postgres("initdb")
        assert initdb is not None, "asked for before"
        command = [initdb, "-D", str(self.folder), "-U", "nutri", "-A", "trust", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self.identity)  # type: ignore[call-overload]

    @property
    def url(self) -> str:
        return f"postgresql://nutri@127.0.0.1:{self.port}/postgres"

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        postgres = find_postgres("postgres")
        assert postgres is not None, "asked for before"
        listen = ["-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off"]
        command = [postgres, "-D", str(self.folder), *listen]
        with running(command, self.port, cwd="/", **self.identity) as process:
            yield process
