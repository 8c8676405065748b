"""Why a transaction failed, which receipts do not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.backends.chain.json_rpc import RpcError
from simulators.backends.chain.rpc_answers import is_revert, number, revert_data_of

Ask = Callable[..., Any]


def find_revert_data(ask: Ask, receipt: dict[str, Any]) -> bytes:
    """The typed error of a failed transaction: from a trace where the node traces, else by running it again."""
    try:
        trace = ask("debug_traceTransaction", receipt["transactionHash"], {"tracer": "callTracer"})
    except RpcError:  # nodes say in many ways that they do not trace
        return _replay(ask, receipt)
    return bytes.fromhex((trace.get("output") or "0x")[2:])


def _replay(ask: Ask, receipt: dict[str, Any]) -> bytes:
    """Run the call on the state before its block, then on the state after; in between there is no asking.

    So the answer may be empty, or another error than the true one, where transactions of one block interact.
    """
    sent = ask("eth_getTransactionByHash", receipt["transactionHash"])
    request = {key: sent[key] for key in ("from", "to", "gas", "value") if sent.get(key)} | {"data": sent["input"]}
    mined_in = number(receipt["blockNumber"])
    for block_number in (mined_in - 1, mined_in):
        try:
            ask("eth_call", request, hex(block_number))
        except RpcError as error:
            if is_revert(error):
                return revert_data_of(error)
            raise
    return b""
