"""From a word in a scenario to an open node. Each backend is imported only when it is asked for."""

from __future__ import annotations

from contextlib import nullcontext
from difflib import get_close_matches

from simulators.backends.chain.json_rpc import RealIo
from simulators.backends.chain.node import EvmNode

BACKENDS = ("py-evm", "revm", "anvil")


def open_node(reference: str, *, seed: int | str, genesis_timestamp_s: int, real_io: RealIo = nullcontext) -> EvmNode:
    """Open ``py-evm`` (a whole chain in process), ``revm`` (fast, and less than a chain), ``anvil`` (one of its own,
    stopped on close) or a controlled anvil at an ``http://`` URL, whose genesis and chain id are then its own.

    Raises ``ValueError`` for another word, and what the backend raises that cannot open.
    """
    if reference == "py-evm":
        from simulators.backends.chain.py_evm import PyEvmNode

        return PyEvmNode(seed=seed, genesis_timestamp_s=genesis_timestamp_s)
    if reference == "revm":
        from simulators.backends.chain.revm import RevmNode

        return RevmNode(seed=seed, genesis_timestamp_s=genesis_timestamp_s)
    if reference == "anvil":
        from simulators.backends.chain.rpc import RpcNode, start_anvil

        with real_io():
            anvil = start_anvil(genesis_timestamp_s=genesis_timestamp_s)
        return RpcNode(anvil.url, real_io=real_io, on_close=anvil.stop)
    if reference.startswith(("http://", "https://")):
        from simulators.backends.chain.rpc import RpcNode

        return RpcNode(reference, real_io=real_io)
    near = get_close_matches(reference, BACKENDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no chain backend {reference!r}: choose one of {', '.join(BACKENDS)} or an http:// URL{hint}")
