"""A development node of one's own, in a process of its own: started, used, stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from select import select
from types import TracebackType
from typing import Any, Self

from simulators.backends.chain.json_rpc import JsonRpc
from simulators.backends.chain.node import NodeError

START_TIMEOUT_S, STOP_TIMEOUT_S, ANSWER_TIMEOUT_S = 60.0, 10.0, 30.0


class DevnetFailed(NodeError):
    """The node did not start; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Devnet:
    """A running node. Keys are 32 bytes as ``0x`` text, follow from the seed, and never show in a repr.

    It ends with :meth:`stop`, at the end of a ``with`` block, and when the process that started it ends, however that
    ends. Its chain is in memory only, and ends with it.
    """

    url: str
    token_address: str
    usdc_address: str
    settler_key: str = field(repr=False)
    admin_key: str = field(repr=False)
    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Of the node's process."""
        return self._process.pid

    def fund(self, address: str, amount_usdc6: int) -> str:
        """Mint USDC and pay it in for a user; returns the hash of the deposit, which is in a block."""
        return self.ask("devnet_fund", address, amount_usdc6)

    def mine(self, blocks: int = 1) -> None:
        """Make blocks now."""
        self._ask_all([("evm_mine",)] * blocks)

    def ask(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request; raises NodeError."""
        return self._ask_all([(method, *params)])[0]

    def _ask_all(self, requests: list[tuple[Any, ...]]) -> list[Any]:
        with closing(JsonRpc(self.url, timeout_s=ANSWER_TIMEOUT_S)) as rpc:
            return rpc.ask_all(requests)

    def stop(self) -> None:
        """End the process; twice is harmless."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_devnet(
    port: int = 0, *, block_interval_s: float = 1.0, seed: int | str = "devnet", withdrawal_delay_s: int = 3 * 86_400
) -> Devnet:
    """Start a node on loopback and wait until it answers. ``block_interval_s`` 0: blocks come by ``mine`` alone.

    Raises DevnetFailed.
    """
    command = [sys.executable, "-m", "simulators.devnet", "--until-stdin-closes", "--port", str(port)]
    command += ["--block-interval", str(block_interval_s), "--seed", str(seed)]
    command += ["--withdrawal-delay", str(withdrawal_delay_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    ready, _, _ = select([process.stdout], [], [], START_TIMEOUT_S)
    line = process.stdout.readline() if ready else b""
    if not line:
        process.kill()
        process.communicate()
        what = f"ended with {process.returncode}" if ready else f"said nothing for {START_TIMEOUT_S:.0f} s"
        raise DevnetFailed(f"the development node did not start: it {what} (its standard error says why)")
    return Devnet(**json.loads(line), _process=process)
