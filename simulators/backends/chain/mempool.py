"""The mempool of the nodes that live in this process: what waits, in which order, and what may replace what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from simulators.backends.chain.node import AlreadyKnown, NonceTooLow, ReplacementUnderpriced, UnknownTransaction
from simulators.backends.chain.transactions import Transaction

REPLACEMENT_BUMP_PERCENT = 10
"""A replacement must offer at least this much more, as in geth."""


class Mempool:
    """Transactions by order of arrival; for one sender, by nonce."""

    def __init__(self) -> None:
        self._waiting: dict[str, Transaction] = {}
        self._slots: dict[tuple[str, int], str] = {}

    def add(self, tx: Transaction, account_nonce: int) -> None:
        """Take ``tx`` in, replacing what waits under its nonce if it pays enough more."""
        if tx.hash in self._waiting:
            raise AlreadyKnown(tx.hash)
        if tx.nonce < account_nonce:
            raise NonceTooLow(f"nonce {tx.nonce} of {tx.sender} is used up; its next is {account_nonce}")
        self._make_room(tx)
        self._put(tx)

    def _make_room(self, tx: Transaction) -> None:
        rival_hash = self._slots.get((tx.sender, tx.nonce))
        if rival_hash is None:
            return
        rival = self._waiting[rival_hash]
        least = -(-rival.max_fee_wei * (100 + REPLACEMENT_BUMP_PERCENT) // 100)
        if tx.max_fee_wei < least:
            raise ReplacementUnderpriced(
                f"nonce {tx.nonce} of {tx.sender} waits at {rival.max_fee_wei} wei a gas; "
                f"a replacement needs {least}, this one offers {tx.max_fee_wei}"
            )
        self.drop(rival_hash)

    def _put(self, tx: Transaction) -> None:
        self._waiting[tx.hash] = tx
        self._slots[tx.sender, tx.nonce] = tx.hash

    def drop(self, tx_hash: str) -> Transaction:
        """Forget a transaction and return it."""
        tx = self._waiting.pop(tx_hash, None)
        if tx is None:
            raise UnknownTransaction(f"no transaction {tx_hash} waits in the mempool")
        del self._slots[tx.sender, tx.nonce]
        return tx

    def find(self, tx_hash: str) -> Transaction | None:
        """A transaction that waits."""
        return self._waiting.get(tx_hash)

    def readmit(self, transactions: Iterable[Transaction]) -> None:
        """Put transactions that were in the chain back, ahead of all that wait."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        self._slots.clear()
        for tx in (*transactions, *waiting):
            self._put(tx)

    def next_nonce(self, sender: str, account_nonce: int) -> int:
        """The first nonce of ``sender`` that is neither in the chain nor waiting."""
        while (sender, account_nonce) in self._slots:
            account_nonce += 1
        return account_nonce

    def hashes(self) -> tuple[str, ...]:
        """What waits, in order of arrival."""
        return tuple(self._waiting)

    def fill_block(
        self,
        gas_limit: int,
        base_fee_wei: int,
        account_nonce: Callable[[str], int],
        execute: Callable[[Transaction], int],
    ) -> None:
        """Hand to ``execute``, which returns the gas used, all that fits; the rest keeps waiting, with its place.

        As in a real node, a transaction fits if its whole gas limit does, and a sender's later ones never overtake.
        """
        gas_left = gas_limit
        held_back: set[str] = set()
        for tx in self._executable(account_nonce):
            if tx.sender in held_back:
                continue
            if tx.gas_limit > gas_left or tx.max_fee_wei < base_fee_wei:
                held_back.add(tx.sender)
                continue
            gas_left -= execute(tx)
            self.drop(tx.hash)

    def _executable(self, account_nonce: Callable[[str], int]) -> Iterator[Transaction]:
        """In order of arrival, save that whoever came before its predecessor follows right after it."""
        expected: dict[str, int] = {}
        early: dict[tuple[str, int], Transaction] = {}
        for tx in list(self._waiting.values()):
            if tx.sender not in expected:
                expected[tx.sender] = account_nonce(tx.sender)
            early[tx.sender, tx.nonce] = tx
            while (ready := early.pop((tx.sender, expected[tx.sender]), None)) is not None:
                expected[tx.sender] += 1
                yield ready
