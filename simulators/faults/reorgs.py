"""Blocks that are undone: the chain goes on from before them, and what was in them waits again.

It is decided before the first of them is mined, so such blocks are told to nobody: whoever acts on the chain waits for
confirmations, and has not seen them yet. A branch is abandoned at the latest in the slot in which its first block would
have had its last confirmation, so nothing final, and nothing that was told, is ever undone.

After one block its transactions are mined again in the next slot, in their order. After several, nodes hear of them
anew: some come behind the others, settlements some slots later, and one settlement may be forgotten altogether.

*Observed*: a settlement or a deposit was in it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.actors.chain import CardChain, Executed, Seen
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import HISTORY_BLOCKS
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Blow, Weather
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS

FORGOTTEN_SHARE = 0.3
"""Of the deep reorgs that undo a settlement, those after which the mempool has forgotten one."""
MOST_SLOTS_LATE = 4
"""After which nodes have heard again of any transaction that they have not forgotten."""
_CONCERN_THE_ENGINE = {"settleBatch", "depositBatch", "deposit"}
_BLOCKS_NEEDED = {FaultKind.REORG: 1, FaultKind.DEEP_REORG: 2}
"""Confirmations without which such a reorg would undo what is final."""


@dataclass(slots=True)
class _Branch:
    """Blocks that will be undone. ``parent``: the number of the block from which the chain will go on."""

    kind: FaultKind
    blow: Blow
    parent: int
    depth: int
    mined: int = 0
    observed: bool = False

    def __str__(self) -> str:
        first = self.parent + 1
        return f"block {first}" if self.depth == 1 else f"blocks {first} to {self.parent + self.depth}"


class ForkingChain(CardChain):
    """A :class:`CardChain` of which blocks are undone; see above."""

    def __init__(self, weather: Weather, kernel: Kernel, *others: Any) -> None:
        super().__init__(kernel, *others)
        self._weather = weather
        self._branch: _Branch | None = None
        self._calls: dict[str, tuple[Account, str, bytes]] = {}
        """What waits or is in a branch: who sent which data to whom."""

    def start(self) -> None:
        super().start()
        for kind, needed in _BLOCKS_NEEDED.items():
            if self._settings.confirmations < needed:
                self._weather.skipped(kind, f"what has {self._settings.confirmations} confirmations is final")

    @abstractmethod
    def _forget(self, settlement_id: str) -> None:
        """The mempool loses the transaction of a settlement."""

    def supply(self) -> tuple[int, int]:
        """As in the blocks that stay."""
        return super().supply() if self._branch is None else self._supply[1]

    def _send(self, sender: Account, to: str, data: bytes, purpose: str, users: int = 1, settlement: str = "") -> str:
        sent = super()._send(sender, to, data, purpose, users, settlement)
        self._calls[sent] = sender, to, data
        return sent

    def _waiting(self) -> bool:
        return self._branch is not None or super()._waiting()

    def _mine(self, at_s: int) -> None:
        if self._branch is None and self._node.pending():
            self._branch = self._fork()
        if self._branch is not None:
            self._mine_in_vain(self._branch, at_s)
        elif self._node.pending():
            super()._mine(at_s)

    def _fork(self) -> _Branch | None:
        """The branch that begins with this slot, where one does."""
        confirmations, weather = self._settings.confirmations, self._weather
        if confirmations and (blow := weather.strike(FaultKind.REORG)) is not None:
            kind, depth = FaultKind.REORG, 1
        elif confirmations > 1 and (blow := weather.strike(FaultKind.DEEP_REORG)) is not None:
            kind, depth = FaultKind.DEEP_REORG, blow.stream.integers(2, min(confirmations, HISTORY_BLOCKS) + 1)
        else:
            return None
        self.supply()  # what is there now is what may be asked for until the branch is gone
        self._node.prepare_rollback()
        return _Branch(kind, blow, self._node.head().number, depth)

    def _mine_in_vain(self, branch: _Branch, at_s: int) -> None:
        block = self._node.mine(at_s)
        branch.mined += 1
        purposes = {self._purposes.get(receipt.tx_hash, ("",))[0] for receipt in block.receipts}
        if branch.mined == 1:
            self._weather.injected(branch.kind, f"{branch}: {' '.join(sorted(purposes))}")
        if purposes & _CONCERN_THE_ENGINE and not branch.observed:
            branch.observed = True
            self._weather.observed(branch.kind, str(branch))

    def _undo_what_is_due(self) -> None:
        """Abandon a branch that has all its blocks: to be called before anything else is done in a slot."""
        branch = self._branch
        if branch is None or branch.mined < branch.depth:
            return
        self._branch = None
        undone = self._node.rollback(branch.parent)
        if branch.kind is FaultKind.DEEP_REORG:
            self._scatter(branch.blow, undone)

    def _scatter(self, blow: Blow, undone: Sequence[str]) -> None:
        """Nodes hear of what was undone in another order; a settlement may be lost on the way."""
        nonces: Counter[str] = Counter()
        again: list[tuple[str, int]] = []
        for tx_hash in undone:
            sender = self._calls[tx_hash][0].address
            again.append((tx_hash, self._node.nonce(sender) + nonces[sender]))
            nonces[sender] += 1
        settlements = [self._purposes[tx_hash][2] for tx_hash in undone if self._purposes[tx_hash][2]]
        if settlements and blow.stream.bernoulli(FORGOTTEN_SHARE):
            self._forget(settlements[blow.stream.integers(0, len(settlements))])
        for tx_hash, nonce in again:
            if tx_hash in self._calls and blow.stream.bernoulli(0.5):
                self._node.drop(tx_hash)
                # Others than the settler let the node count their nonces: a gap would be taken by what they send next.
                slots = blow.stream.integers(0, MOST_SLOTS_LATE + 1) if self._purposes[tx_hash][2] else 0
                self._hear_again(tx_hash, nonce, slots)

    def _hear_again(self, tx_hash: str, nonce: int, slots: int) -> None:
        """The very same transaction, behind all that waits then."""

        def hear() -> None:
            sender, to, data = self._calls[tx_hash]
            self._node.send(sender, to, data, nonce=nonce)
            self._wake_up()

        if slots:
            self._later(slots * self._settings.slot_ns - SECOND_NS, hear, "a transaction is heard of again")
        else:
            hear()

    def _tell_of_block(self, executed: Sequence[Executed], seen: Sequence[Seen]) -> None:
        for one in executed:
            self._calls.pop(one.receipt.tx_hash, None)
        super()._tell_of_block(executed, seen)

    # time

    def _wake_up(self) -> None:
        """Something waits for a block."""
        if not self._wake.triggered:
            self._wake.succeed()

    def _later(self, after_ns: int, do: Callable[[], Any], name: str) -> None:
        def waiting() -> Iterator[Any]:
            yield self._kernel.env.timeout(after_ns)
            do()

        self._kernel.process(waiting(), name, daemon=True)
