"""The chain as the world sees it: CardToken on an EVM node, a block every slot in which something waits.

An empty slot changes nothing, so it is not executed (on Ethereum it would be a missed slot); confirmations are counted
in slots. Events are told twice: when their block is mined (to the trace and the auditor), and again when they are final
(to whoever acts on them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import loader
from engine.domain.settlement import Settlement
from engine.ports import BurnOutcome
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import EvmNode, Receipt
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS, Chain

DEPOSITS_AT_ONCE = 200
_UNLIMITED = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Seen:
    """A CardToken event in a block. ``ref`` is ``transaction hash:log index``; ``event`` is the decoded record."""

    ref: str
    block_number: int
    event: Any


@dataclass(frozen=True, slots=True)
class Executed:
    """A transaction in a block; ``purpose`` is the contract call's name, ``users`` how many it concerned."""

    receipt: Receipt
    purpose: str
    users: int


class CardChain:
    """Deploys the contracts, takes transactions, mines, tells."""

    def __init__(self, kernel: Kernel, node: EvmNode, settings: Chain, seed: int) -> None:
        self._kernel = kernel
        self._node = node
        self._settings = settings
        self._purposes: dict[str, tuple[str, int, str]] = {}
        self._sent_settlements: dict[str, str] = {}
        self._outcomes: dict[str, BurnOutcome] = {}
        self._accounts: dict[str, str] = {}
        self._approved: set[str] = set()
        self._supply: tuple[str, tuple[int, int]] = ("", (0, 0))
        """As of the block of this hash."""
        self._wake = kernel.env.event()
        self.on_block: Callable[[Sequence[Executed], Sequence[Seen]], None] = lambda executed, seen: None
        self.on_final: Callable[[Sequence[Seen]], None] = lambda seen: None
        self.admin, self.settler, self.onramp, self.treasury = (
            Account.derive(seed, name) for name in ("admin", "settler", "onramp", "treasury")
        )
        self.usdc = self.card_token = ""

    def start(self) -> None:
        """Deploy MockUSDC and CardToken, let the on-ramp pay, begin to tick."""
        now_s = self._kernel.utc_ns // SECOND_NS
        self._node.send(self.admin, None, loader.mock_usdc_deploy_data())
        self.usdc = self._mined_contract(now_s - 2)
        deploy = loader.card_token_deploy_data(
            self.usdc, self.treasury.address, self.admin.address, self.settler.address,
            withdrawal_delay_s=self._settings.withdrawal_delay_s,
        )  # fmt: skip
        self._node.send(self.admin, None, deploy)
        self.card_token = self._mined_contract(now_s - 1)
        self._node.send(self.onramp, self.usdc, loader.encode_approve(self.card_token, _UNLIMITED))
        self._node.mine(now_s)
        self._kernel.process(self._blocks(), "chain blocks", daemon=True)

    def _mined_contract(self, at_s: int) -> str:
        (receipt,) = self._node.mine(at_s).receipts
        if not receipt.ok or receipt.contract_address is None:
            raise RuntimeError(f"a contract could not be deployed: {receipt}")
        return receipt.contract_address

    # who is who

    def register(self, account_id: str, address: str) -> None:
        """Events of ``address`` are this account's."""
        self._accounts[address.lower()] = account_id

    def account_of(self, address: str) -> str:
        """The account behind an address, or the address itself."""
        return self._accounts.get(address.lower(), address)

    # what is sent

    def fund(self, amounts_usdc6: Sequence[tuple[str, int]]) -> None:
        """The on-ramp credits (address, amount) pairs, in batches."""
        for start in range(0, len(amounts_usdc6), DEPOSITS_AT_ONCE):
            part = amounts_usdc6[start : start + DEPOSITS_AT_ONCE]
            users, amounts = [user for user, _ in part], [amount for _, amount in part]
            self._send(self.admin, self.usdc, loader.encode_mint(self.onramp.address, sum(amounts)), "mint")
            data = loader.encode_deposit_batch(users, amounts)
            self._send(self.onramp, self.card_token, data, "depositBatch", len(part))

    def deposit(self, user: Account, amount_usdc6: int) -> None:
        """A user brings USDC of their own."""
        self._send(self.admin, self.usdc, loader.encode_mint(user.address, amount_usdc6), "mint")
        if user.address not in self._approved:
            self._approved.add(user.address)
            self._send(user, self.usdc, loader.encode_approve(self.card_token, _UNLIMITED), "approve")
        self._send(user, self.card_token, loader.encode_deposit(amount_usdc6), "deposit")

    def request_withdrawal(self, user: Account, amount_usdc6: int) -> None:
        """A user announces a withdrawal; 0 is all there is."""
        amount_usdc6 = amount_usdc6 or self.balance(user.address)
        self._send(user, self.card_token, loader.encode_request_withdrawal(amount_usdc6), "requestWithdrawal")

    def cancel_withdrawal(self, user: Account) -> None:
        """A user changes their mind."""
        self._send(user, self.card_token, loader.encode_cancel_withdrawal(), "cancelWithdrawal")

    def complete_withdrawal(self, user: Account) -> None:
        """A user takes out what they announced."""
        self._send(user, self.card_token, loader.encode_withdraw(), "withdraw")

    def settle(self, settlement: Settlement, addresses: dict[str, str]) -> None:
        """The settler burns. What waits already, or is in a block, is not sent again."""
        if settlement.settlement_id in self._sent_settlements:
            return
        users = [addresses[account_id] for account_id, _ in settlement.amounts_usdc6]
        amounts = [amount for _, amount in settlement.amounts_usdc6]
        data = loader.encode_settle_batch(users, amounts, bytes.fromhex(settlement.settlement_id[2:]))
        self._sent_settlements[settlement.settlement_id] = self._send(
            self.settler, self.card_token, data, "settleBatch", len(users), settlement.settlement_id
        )

    def outcome(self, settlement_id: str) -> BurnOutcome | None:
        """What a settlement did, once final."""
        return self._outcomes.get(settlement_id)

    def _send(self, sender: Account, to: str, data: bytes, purpose: str, users: int = 1, settlement: str = "") -> str:
        sent = self._node.send(sender, to, data)
        self._purposes[sent] = (purpose, users, settlement)
        if not self._wake.triggered:
            self._wake.succeed()
        return sent

    # what is read

    def balance(self, address: str) -> int:
        """CardToken balance, in millionths."""
        return self._uint(self.card_token, loader.encode_card_balance(address))

    def supply(self) -> tuple[int, int]:
        """(total supply of CardToken, USDC that it holds), in millionths."""
        head = self._node.head().hash
        if head != self._supply[0]:  # between blocks nothing changes
            total = self._uint(self.card_token, loader.encode_total_supply())
            self._supply = head, (total, self._uint(self.usdc, loader.encode_balance_of(self.card_token)))
        return self._supply[1]

    def _uint(self, to: str, data: bytes) -> int:
        return loader.decode_uint(self._node.call(to, data))

    # blocks

    def ns_to_next_slot(self) -> int:
        """How far the next slot is."""
        return self._settings.slot_ns - self._kernel.utc_ns % self._settings.slot_ns

    def _blocks(self) -> Iterator[Any]:
        while True:
            if not self._waiting():
                yield self._wake
            self._wake = self._kernel.env.event()
            yield self._kernel.env.timeout(self.ns_to_next_slot())
            self._mine(self._kernel.utc_ns // SECOND_NS)

    def _waiting(self) -> bool:
        return bool(self._node.pending())

    def _mine(self, at_s: int) -> None:
        block = self._node.mine(at_s)
        executed: list[Executed] = []
        seen: list[Seen] = []
        for receipt in block.receipts:
            purpose, users, settlement_id = self._purposes.pop(receipt.tx_hash, ("", 0, ""))
            executed.append(Executed(receipt, purpose, users))
            if settlement_id and not receipt.ok:
                del self._sent_settlements[settlement_id]  # refused (paused, say); whoever settles may send it again
            seen += self._events(receipt)
        self._tell_of_block(executed, seen)
        final = self._kernel.env.timeout(self._settings.confirmations * self._settings.slot_ns)
        final.callbacks.append(lambda _: self._finalise(executed, seen))

    def _tell_of_block(self, executed: Sequence[Executed], seen: Sequence[Seen]) -> None:
        self.on_block(executed, seen)

    def _events(self, receipt: Receipt) -> Iterator[Seen]:
        for index, log in enumerate(receipt.logs):
            if log.address == self.card_token:
                event = loader.decode_event(log.topics, log.data)
                if event is not None:
                    yield Seen(f"{receipt.tx_hash}:{index}", receipt.block_number, event)

    def _finalise(self, executed: Sequence[Executed], seen: Sequence[Seen]) -> None:
        gas_used = {one.receipt.tx_hash: one.receipt.gas_used for one in executed}
        transactions: dict[str, str] = {}
        missing: dict[str, dict[str, int]] = {}
        for one in seen:
            event = one.event
            if isinstance(event, loader.CardSettlement):
                transactions["0x" + event.settlement_id.hex()] = one.ref.partition(":")[0]
            elif isinstance(event, loader.SettlementShortfall):
                settlement_id = "0x" + event.settlement_id.hex()
                transactions[settlement_id] = one.ref.partition(":")[0]
                short = missing.setdefault(settlement_id, {})
                account_id = self.account_of(event.user)
                short[account_id] = short.get(account_id, 0) + event.missing_usdc6
        for settlement_id, transaction in transactions.items():
            self._outcomes[settlement_id] = BurnOutcome(
                settlement_id, transaction, gas_used[transaction], missing.get(settlement_id, {})
            )
        self.on_final(seen)
