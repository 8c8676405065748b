"""The JSON-RPC methods of the development node: the part of Ethereum's API that settling needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.backends.chain.node import CallReverted, Log, NodeRefused, ReplacementUnderpriced
from simulators.backends.chain.transactions import Transaction
from simulators.devnet.node import DevelopmentNode, Kept, matches

REVERTED, REFUSED, BAD_PARAMS, NO_METHOD, INTERNAL = 3, -32000, -32602, -32601, -32603
SAFE_BEHIND, FINALIZED_BEHIND = 1, 2
"""How many blocks the tags ``safe`` and ``finalized`` trail the newest; a development chain has no epochs."""
TIP_WEI = 10**9
_ZEROS = "0x" + "00" * 32


class RpcProblem(Exception):
    """What a request is answered with instead of a result."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Methods:
    """``mine`` makes a block now; ``fund`` credits (address, millionths) and returns when it is in a block."""

    def __init__(self, node: DevelopmentNode, mine: Callable[[], None], fund: Callable[[str, int], str]) -> None:
        self._node = node
        self._mine = mine
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "swipelab-devnet/py-evm",
            "net_version": lambda: str(node.chain_id),
            "eth_chainId": lambda: hex(node.chain_id),
            "eth_syncing": lambda: False,
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(self._newest),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_sendRawTransaction": lambda raw: node.take(_bytes(raw)),
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_gasPrice": lambda: hex(node.blocks[-1].header.base_fee_per_gas + TIP_WEI),
            "eth_maxPriorityFeePerGas": lambda: hex(TIP_WEI),
            "eth_feeHistory": self._fee_history,
            "eth_getLogs": self._logs,
            "eth_getBalance": lambda who, block="latest": hex(node.balance_at(self._number(block), who)),
            "eth_getCode": lambda who, block="latest": "0x" + node.code_at(self._number(block), who).hex(),
            "evm_mine": self._mine_now,
            "anvil_rollback": lambda depth=1: node.rollback(self._newest - depth) and None,
            "anvil_dropAllTransactions": lambda: [node.drop(tx_hash) for tx_hash in node.pending()] and None,
            "devnet_waiting": lambda: [self._transaction(tx_hash) for tx_hash in node.pending()],
            "devnet_setLeastFee": lambda fee: node.ask_at_least(int(fee, 16)),
            "devnet_fund": lambda who, amount: fund(who, amount),
        }

    def answer(self, method: str, params: Any) -> Any:
        """The result; raises RpcProblem."""
        found = self._methods.get(method)
        if found is None:
            raise RpcProblem(NO_METHOD, f"the method {method} does not exist")
        try:
            return found(*(params or []))
        except CallReverted as error:
            raise RpcProblem(REVERTED, "execution reverted", "0x" + error.revert_data.hex()) from error
        except ReplacementUnderpriced as error:
            raise RpcProblem(REFUSED, "replacement transaction underpriced") from error
        except NodeRefused as error:
            raise RpcProblem(REFUSED, _geths_words(error)) from error
        except (TypeError, ValueError, KeyError) as error:
            raise RpcProblem(BAD_PARAMS, f"invalid params of {method}: {error}") from error

    @property
    def _newest(self) -> int:
        return len(self._node.blocks) - 1

    def _number(self, block: str) -> int:
        """A block by number or tag, which has to exist."""
        known = {"latest": 0, "pending": 0, "safe": SAFE_BEHIND, "finalized": FINALIZED_BEHIND}
        if block in known:
            return max(self._newest - known[block], 0)
        number = 0 if block == "earliest" else int(block, 16)
        if number > self._newest:
            raise RpcProblem(REFUSED, "header not found")
        return number

    def _mine_now(self, *_timestamp: Any) -> str:
        self._mine()
        return "0x0"

    def _block_by_number(self, block: str, whole: bool = False) -> dict[str, Any] | None:
        try:
            return self._block(self._node.blocks[self._number(block)], whole)
        except RpcProblem:
            return None

    def _block_by_hash(self, block_hash: str, whole: bool = False) -> dict[str, Any] | None:
        for kept in reversed(self._node.blocks):
            if kept.hash == block_hash.lower():
                return self._block(kept, whole)
        return None

    def _block(self, kept: Kept, whole: bool) -> dict[str, Any]:
        header = kept.header
        shown = [
            _transaction(tx, self._node.chain_id, kept, index) if whole else tx.hash
            for index, tx in enumerate(kept.transactions)
        ]
        return {
            "number": hex(header.block_number), "hash": kept.hash, "parentHash": "0x" + header.parent_hash.hex(),
            "timestamp": hex(header.timestamp), "gasLimit": hex(header.gas_limit), "gasUsed": hex(header.gas_used),
            "baseFeePerGas": hex(header.base_fee_per_gas), "miner": "0x" + header.coinbase.hex(),
            "stateRoot": "0x" + header.state_root.hex(), "transactionsRoot": "0x" + header.transaction_root.hex(),
            "receiptsRoot": "0x" + header.receipt_root.hex(), "mixHash": "0x" + header.mix_hash.hex(),
            "logsBloom": "0x" + header.bloom.to_bytes(256).hex(), "sha3Uncles": "0x" + header.uncles_hash.hex(),
            "nonce": "0x" + header.nonce.hex(), "difficulty": "0x0", "totalDifficulty": "0x0", "size": "0x0",
            "extraData": "0x" + header.extra_data.hex(), "uncles": [], "transactions": shown,
        }  # fmt: skip

    def _transaction_count(self, who: str, block: str = "latest") -> str:
        if block == "pending":
            return hex(self._node.pending_nonce(who))
        return hex(self._node.nonce_at(self._number(block), who))

    def _transaction(self, tx_hash: str) -> dict[str, Any] | None:
        mined = self._node.mined(tx_hash)
        if mined is not None:
            kept, index = mined
            return _transaction(kept.transactions[index], self._node.chain_id, kept, index)
        waiting = self._node.waiting(tx_hash)
        return None if waiting is None else _transaction(waiting, self._node.chain_id)

    def _receipt(self, tx_hash: str) -> dict[str, Any] | None:
        mined = self._node.mined(tx_hash)
        if mined is None:
            return None
        kept, index = mined
        tx, receipt = kept.transactions[index], kept.receipts[index]
        before = sum(len(each.logs) for each in kept.receipts[:index])
        return _place(kept, index, tx.hash) | {
            "from": tx.sender, "to": None if tx.to is None else "0x" + tx.to.hex(), "type": "0x2",
            "status": hex(receipt.ok), "gasUsed": hex(receipt.gas_used), "contractAddress": receipt.contract_address,
            "cumulativeGasUsed": hex(sum(each.gas_used for each in kept.receipts[: index + 1])),
            "effectiveGasPrice": hex(min(tx.max_fee_wei, kept.header.base_fee_per_gas + TIP_WEI)),
            "logsBloom": "0x" + "00" * 256,
            "logs": [_log(log, kept, index, tx.hash, before + place) for place, log in enumerate(receipt.logs)],
        }  # fmt: skip

    def _call(self, request: dict[str, Any], block: str = "latest") -> str:
        to, data, sender = _request(request)
        if to is None:
            raise RpcProblem(BAD_PARAMS, "eth_call needs an address to call")
        return "0x" + self._node.call_at(self._number(block), to, data, sender).hex()

    def _estimate(self, request: dict[str, Any], _block: str = "latest") -> str:
        return hex(self._node.estimate(*_request(request)))

    def _fee_history(self, count: Any, newest: str, percentiles: Any = ()) -> dict[str, Any]:
        last = self._number(newest)
        first = max(last - (int(count, 16) if isinstance(count, str) else count) + 1, 0)
        headers = [kept.header for kept in self._node.blocks[first : last + 1]]
        fees = [hex(header.base_fee_per_gas) for header in headers]
        return {
            "oldestBlock": hex(first),
            "baseFeePerGas": [*fees, fees[-1]],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
            "reward": [[hex(TIP_WEI)] * len(percentiles or ()) for _ in headers],
        }

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in wanted:
            numbers = [
                kept.header.block_number for kept in self._node.blocks if kept.hash == wanted["blockHash"].lower()
            ]
            if not numbers:
                raise RpcProblem(REFUSED, "unknown block")
            first = last = numbers[0]
        else:
            first = self._number(wanted.get("fromBlock", "latest"))
            last = min(self._edge(wanted.get("toBlock", "latest")), self._newest)
        addresses = wanted.get("address") or []
        addresses = [each.lower() for each in ([addresses] if isinstance(addresses, str) else addresses)]
        topics = wanted.get("topics") or []
        return [
            _log(log, kept, index, kept.transactions[index].hash, place)
            for kept, index, place, log in self._node.logs(first, last)
            if matches(log, addresses, topics)
        ]

    def _edge(self, block: str) -> int:
        """The end of a range, which may lie ahead."""
        return int(block, 16) if block.startswith("0x") else self._number(block)


def _geths_words(error: NodeRefused) -> str:
    """The words by which clients know a refusal; geth's."""
    words = {"NonceTooLow": "nonce too low", "AlreadyKnown": "already known", "GasLimitTooLow": "intrinsic gas too low",
             "GasLimitTooHigh": "exceeds block gas limit", "InsufficientFunds": "insufficient funds"}  # fmt: skip
    known = words.get(type(error).__name__)
    return f"{known}: {error}" if known else str(error)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _request(request: dict[str, Any]) -> tuple[str | None, bytes, str | None]:
    """Whom a call is made to, with which data, by whom."""
    return request.get("to"), _bytes(request.get("data") or request.get("input") or "0x"), request.get("from")


def _place(kept: Kept, index: int, tx_hash: str) -> dict[str, Any]:
    return {
        "blockHash": kept.hash,
        "blockNumber": hex(kept.header.block_number),
        "transactionHash": tx_hash,
        "transactionIndex": hex(index),
    }


def _log(log: Log, kept: Kept, index: int, tx_hash: str, place: int) -> dict[str, Any]:
    topics = ["0x" + topic.hex() for topic in log.topics]
    told = {"address": log.address, "topics": topics, "data": "0x" + log.data.hex(), "logIndex": hex(place)}
    return _place(kept, index, tx_hash) | told | {"removed": False}


def _transaction(tx: Transaction, chain_id: int, kept: Kept | None = None, index: int = 0) -> dict[str, Any]:
    where = _place(kept, index, tx.hash) if kept else dict.fromkeys(("blockHash", "blockNumber", "transactionIndex"))
    where.pop("transactionHash", None)
    return where | {
        "hash": tx.hash, "from": tx.sender, "to": None if tx.to is None else "0x" + tx.to.hex(),
        "nonce": hex(tx.nonce), "gas": hex(tx.gas_limit), "input": "0x" + tx.data.hex(), "value": "0x0",
        "type": "0x2", "chainId": hex(chain_id), "maxFeePerGas": hex(tx.max_fee_wei),
        "gasPrice": hex(tx.max_fee_wei), "accessList": [], "v": "0x0", "r": _ZEROS, "s": _ZEROS,
    }  # fmt: skip
