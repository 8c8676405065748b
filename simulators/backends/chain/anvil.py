"""anvil, foundry's development node: where it is installed, and one of one's own on a free loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.backends.chain.json_rpc import JsonRpc
from simulators.backends.chain.node import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    HARDFORK,
    HISTORY_BLOCKS,
    NodeError,
    NodeUnreachable,
)

REPOSITORY = Path(__file__).resolve().parents[3]
HOW_TO_INSTALL = "npm install @foundry-rs/anvil, or set SWIPELAB_ANVIL to the binary"

START_POLLS, START_PAUSE_S, STOP_TIMEOUT_S = 400, 0.025, 10.0
"""anvil answers some 50 ms after its start; 10 s are allowed."""


class AnvilFailed(NodeError):
    """anvil did not start; the message holds what it said."""


class Anvil:
    """A running anvil at ``url``; stops with :meth:`stop` or at the end of a ``with`` block, by its own pid."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, scratch: tempfile.TemporaryDirectory[str]) -> None:
        self.url = url
        self.pid = process.pid
        self._process = process
        self._scratch = scratch

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the process and remove what it left behind; twice is harmless."""
        if not self.has_ended:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_anvil(environ: Mapping[str, str] = os.environ, repository: Path = REPOSITORY) -> Path | None:
    """The anvil to use, or None: ``$SWIPELAB_ANVIL``, then the PATH, then the repository's node_modules."""
    if named := environ.get("SWIPELAB_ANVIL"):
        if not os.access(named, os.X_OK):
            raise AnvilFailed(f"SWIPELAB_ANVIL={named} is not an executable file")
        return _native(Path(named))
    for folder in (environ.get("PATH"), str(repository / "node_modules" / ".bin")):
        if found := shutil.which("anvil", path=folder or ""):
            return _native(Path(found))
    return None


def _native(found: Path) -> Path:
    """The binary behind npm's wrapper script: the wrapper runs it as a child, which has another pid."""
    found = found.resolve()
    return next(_npm_binaries(found), found)


def _npm_binaries(wrapper: Path) -> Iterator[Path]:
    if wrapper.suffix != ".mjs":
        return
    for package in sorted(wrapper.parent.parent.glob("anvil-*")):
        binary = package / "bin" / "anvil"
        if os.access(binary, os.X_OK):
            yield binary


def start_anvil(
    *,
    genesis_timestamp_s: int,
    binary: Path | None = None,
    chain_id: int = CHAIN_ID,
    block_gas_limit: int = BLOCK_GAS_LIMIT,
    mines_itself: bool = False,
) -> Anvil:
    """Start an anvil and wait until it answers.

    It mines only when told, and is deterministic; with ``mines_itself`` it mines each transaction at once, under
    the wall clock, as an ordinary node would. Raises :class:`AnvilFailed`.
    """
    binary = binary or find_anvil()
    if binary is None:
        raise AnvilFailed(f"anvil is not installed: {HOW_TO_INSTALL}")
    port = _free_port()
    scratch = tempfile.TemporaryDirectory(prefix="swipelab-anvil-")
    complaints = Path(scratch.name) / "stderr"
    command = [str(binary), "--host", "127.0.0.1", "--port", str(port), "--quiet", "--cache-path", scratch.name]
    command += ["--order", "fifo", "--hardfork", HARDFORK, "--accounts", "1", "--prune-history", str(HISTORY_BLOCKS)]
    command += ["--timestamp", str(genesis_timestamp_s), "--chain-id", str(chain_id)]
    command += ["--gas-limit", str(block_gas_limit)] + ([] if mines_itself else ["--no-mining"])
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    anvil = Anvil(process, f"http://127.0.0.1:{port}", scratch)
    if not _answers(anvil):
        said = complaints.read_text(errors="replace").strip()
        anvil.stop()
        raise AnvilFailed(f"{binary} did not start on port {port}: {said or 'it said nothing'}")
    return anvil


def _answers(anvil: Anvil) -> bool:
    with closing(JsonRpc(anvil.url, timeout_s=STOP_TIMEOUT_S)) as rpc:
        for _ in range(START_POLLS):
            try:
                rpc.ask("eth_chainId")
                return True
            except NodeUnreachable:
                if anvil.has_ended:
                    return False
                time.sleep(START_PAUSE_S)
    return False


def _free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
