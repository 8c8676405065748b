"""The chain in bad weather: transactions that are lost, stuck, early, too cheap or refused; see ``reorgs``, too.

What stands between the engine and the node (who signs, who counts nonces) is played here as well: a stuck transaction
is replaced, and a gap filled, when the engine sends the settlement again, or after a while. Whoever pays in sends again
what was refused.

*Observed*: a settlement or a deposit was concerned; for a dropped transaction, the engine has sent it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from contracts import loader
from engine.domain.settlement import Settlement
from simulators.actors.chain import Executed, Seen
from simulators.backends.chain.accounts import Account
from simulators.faults.kinds import FaultKind
from simulators.faults.reorgs import ForkingChain
from simulators.faults.weather import Blow, Weather
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS

TRIES_AGAIN_NS = 30 * SECOND_NS
_UNLIMITED = 2**256 - 1
_SETTLES = "settleBatch"
_PAYS = ("mint", "depositBatch", "deposit")
_REFUSALS = {
    "EnforcedPause()": FaultKind.PAUSED_CONTRACT,
    "ERC20InsufficientAllowance": FaultKind.TRANSFER_REFUSED,
    "Error(Pausable: paused)": FaultKind.SETTLEMENT_REFUSED,
    "Error(Blacklistable: account is blacklisted)": FaultKind.SETTLEMENT_REFUSED,
}
"""What a revert says, up to its first argument, and which fault made it say so."""


class StormyChain(ForkingChain):
    """A chain that is struck. Nothing is struck before ``start`` has deployed the contracts."""

    def __init__(self, weather: Weather, kernel: Kernel, *others: Any) -> None:
        super().__init__(weather, kernel, *others)
        self._nonce = -1
        self._nonces: dict[str, int] = {}
        self._free_nonces: list[int] = []
        self._held: dict[str, Callable[[], None]] = {}
        """By settlement id: what gets it going again, where it is stuck."""
        self._dropped: set[str] = set()
        self._paused = self._refusing = self._usdc_refuses = False
        self._resend: dict[str, tuple[Any, ...]] = {}

    # sending

    def settle(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        settlement_id, weather = settlement.settlement_id, self._weather
        if (go_on := self._held.pop(settlement_id, None)) is not None:
            go_on()
            return
        if settlement_id in self._sent_settlements:
            return
        if settlement_id in self._dropped:
            self._dropped.discard(settlement_id)
            weather.observed(FaultKind.DROPPED_TRANSACTION, settlement_id)
        if not self._paused and (blow := weather.strike(FaultKind.PAUSED_CONTRACT)) is not None:
            self._pause(blow)
        if not self._usdc_refuses and (blow := weather.strike(FaultKind.SETTLEMENT_REFUSED)) is not None:
            self._refuse_settlements(blow)
        super().settle(settlement, addresses)
        if settlement_id not in self._held and weather.strike(FaultKind.DROPPED_TRANSACTION) is not None:
            self._forget(settlement_id)
            self._dropped.add(settlement_id)
            weather.injected(FaultKind.DROPPED_TRANSACTION, settlement_id)

    def fund(self, amounts_usdc6: Sequence[tuple[str, int]]) -> None:
        if not self._refusing and (blow := self._weather.strike(FaultKind.TRANSFER_REFUSED)) is not None:
            self._refuse(blow)
        super().fund(amounts_usdc6)

    def _send(self, sender: Account, to: str, data: bytes, purpose: str, users: int = 1, settlement: str = "") -> str:
        if sender is self.settler:
            return self._send_numbered(to, data, purpose, users, settlement)
        sent = super()._send(sender, to, data, purpose, users, settlement)
        if purpose in _PAYS:
            self._resend[sent] = (sender, to, data, purpose, users)
        return sent

    def _send_numbered(self, to: str, data: bytes, purpose: str, users: int, settlement: str) -> str:
        """What the settler sends, under a nonce that is counted here."""
        weather = self._weather
        nonce = self._next_nonce()
        if settlement and (blow := weather.strike(FaultKind.STUCK_NONCE)) is not None:
            weather.injected(FaultKind.STUCK_NONCE, settlement)
            weather.observed(FaultKind.STUCK_NONCE, settlement)
            self._hold(settlement, blow, lambda: self._replace(nonce, to, data, purpose, users, settlement))
            return f"stuck under nonce {nonce}"
        if settlement and (blow := weather.strike(FaultKind.SKIPPED_NONCE)) is not None:
            weather.injected(FaultKind.SKIPPED_NONCE, settlement)
            weather.observed(FaultKind.SKIPPED_NONCE, settlement)
            gap, nonce = nonce, self._next_nonce()
            self._hold(settlement, blow, lambda: self._fill(gap))
        return self._put(nonce, to, data, purpose, users, settlement)

    def _put(self, nonce: int, to: str, data: bytes, purpose: str, users: int, settlement: str) -> str:
        sent = self._node.send(self.settler, to, data, nonce=nonce)
        self._nonces[sent] = nonce
        self._calls[sent] = self.settler, to, data
        self._purposes[sent] = (purpose, users, settlement)
        self._wake_up()
        return sent

    def _next_nonce(self) -> int:
        if self._free_nonces:
            return heappop(self._free_nonces)
        if self._nonce < 0:
            self._nonce = self._node.nonce(self.settler.address)
        self._nonce += 1
        return self._nonce - 1

    def _hold(self, settlement_id: str, blow: Blow, go_on: Callable[[], None]) -> None:
        """Until the engine sends it again, or somebody notices."""
        self._held[settlement_id] = go_on
        self._later(blow.about_ns(), lambda: self._held.pop(settlement_id, _nothing)(), "a stuck nonce is noticed")

    def _replace(self, nonce: int, to: str, data: bytes, purpose: str, users: int, settlement_id: str) -> None:
        """The same under the same nonce, for more."""
        self._sent_settlements[settlement_id] = self._put(nonce, to, data, purpose, users, settlement_id)

    def _fill(self, nonce: int) -> None:
        """A transaction without effect takes the place that nothing has."""
        self._put(nonce, self.usdc, loader.encode_approve(self.card_token, 0), "filler", 0, "")

    def _forget(self, settlement_id: str) -> None:
        """Nodes forget what waits in their mempool; the next transaction gets its nonce."""
        sent = self._sent_settlements.pop(settlement_id)
        self._node.drop(sent)
        del self._purposes[sent], self._calls[sent]
        heappush(self._free_nonces, self._nonces.pop(sent))

    # refusing

    def _pause(self, blow: Blow) -> None:
        """The contract's guardian stops it for a while."""
        self._paused = True
        self._weather.injected(FaultKind.PAUSED_CONTRACT, "CardToken")
        self._send(self.admin, self.card_token, loader.encode_pause(), "pause")
        self._later(blow.about_ns(), self._unpause, "the contract goes on")

    def _unpause(self) -> None:
        self._paused = False
        self._send(self.admin, self.card_token, loader.encode_unpause(), "unpause")

    def _refuse(self, blow: Blow) -> None:
        """USDC refuses the on-ramp's transfers: its allowance is gone for a while."""
        self._refusing = True
        self._weather.injected(FaultKind.TRANSFER_REFUSED, "the on-ramp")
        self._send(self.onramp, self.usdc, loader.encode_approve(self.card_token, 0), "approve")
        self._later(blow.about_ns(), self._allow, "transfers go on")

    def _allow(self) -> None:
        self._refusing = False
        self._send(self.onramp, self.usdc, loader.encode_approve(self.card_token, _UNLIMITED), "approve")

    def _refuse_settlements(self, blow: Blow) -> None:
        """Circle blocks the treasury for a while, or stops USDC as a whole."""
        if blow.stream.bernoulli(0.5):
            what, treasury = "the treasury is blocked", self.treasury.address
            begin, end = loader.encode_blacklist(treasury), loader.encode_un_blacklist(treasury)
        else:
            what, begin, end = "USDC is stopped", loader.encode_pause(), loader.encode_unpause()
        self._usdc_refuses = True
        self._weather.injected(FaultKind.SETTLEMENT_REFUSED, what)
        self._send(self.admin, self.usdc, begin, "refuse")

        def relent() -> None:
            self._usdc_refuses = False
            self._send(self.admin, self.usdc, end, "relent")

        self._later(blow.about_ns(), relent, "USDC pays the treasury again")

    def _refused(self, one: Executed) -> None:
        """A transaction was reverted: who pays in tries again; the engine will.

        Where no fault made the contract say so (a deposit that a reorg has put before the money came), none is counted.
        """
        reason = str(loader.decode_revert(one.receipt.revert_data))
        resend = self._resend.get(one.receipt.tx_hash)
        if resend is not None:
            self._later(TRIES_AGAIN_NS, lambda: self._send(*resend), "whoever pays in tries again")
        kind = next((kind for words, kind in _REFUSALS.items() if reason.startswith(words)), None)
        if kind is not None and (resend is not None or one.purpose == _SETTLES):
            self._weather.observed(kind, one.purpose)

    # blocks

    def _mine(self, at_s: int) -> None:
        self._undo_what_is_due()
        if self._branch is None and self._weather.spell(FaultKind.FEE_SPIKE, begins=self._fees_rise) is not None:
            return
        super()._mine(at_s)

    def _fees_rise(self, blow: Blow) -> None:
        """Blocks are full of what pays more: ours wait."""
        self._weather.injected(FaultKind.FEE_SPIKE, f"{len(self._purposes)} transactions")
        if any(settlement_id for _, _, settlement_id in self._purposes.values()):
            self._weather.observed(FaultKind.FEE_SPIKE, "a settlement waits")

    def _tell_of_block(self, executed: Sequence[Executed], seen: Sequence[Seen]) -> None:
        for one in executed:
            if not one.receipt.ok:
                self._refused(one)
            self._resend.pop(one.receipt.tx_hash, None)
        super()._tell_of_block(executed, seen)


def _nothing() -> None:
    pass
