"""CardToken on any node: deployed, funded, and driven by calls whose every consequence is kept for comparing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts import loader
from simulators.backends.chain.accounts import Account
from simulators.backends.chain.node import EvmNode, Receipt

from .driver import mine, next_slot_s, run

WITHDRAWAL_DELAY_S = 3_600
SUPPLY_USDC6 = 10**15


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a transaction did, as far as no backend may differ."""

    ok: bool
    events: tuple[object, ...]
    revert: loader.RevertReason | None


class CardWorld:
    """USDC, CardToken, a treasury and a settler on ``node``; users are accounts by number."""

    def __init__(self, node: EvmNode) -> None:
        self.node = node
        self.admin, self.settler, self.treasury = (Account.derive(7, name) for name in ("admin", "settler", "treasury"))
        self.usdc = run(node, self.admin, None, loader.mock_usdc_deploy_data()).contract_address
        self.card = run(
            node,
            self.admin,
            None,
            loader.card_token_deploy_data(
                self.usdc, self.treasury.address, self.admin.address, self.settler.address, WITHDRAWAL_DELAY_S
            ),
        ).contract_address
        node.send(self.admin, self.usdc, loader.encode_mint(self.admin.address, SUPPLY_USDC6))
        node.send(self.admin, self.usdc, loader.encode_approve(self.card, SUPPLY_USDC6))
        assert [receipt.ok for receipt in mine(node).receipts] == [True, True]

    def deposit(self, users: Sequence[str], amounts: Sequence[int]) -> str:
        return self.node.send(self.admin, self.card, loader.encode_deposit_batch(users, amounts))

    def settle(self, users: Sequence[str], amounts: Sequence[int], settlement_id: bytes) -> str:
        return self.node.send(self.settler, self.card, loader.encode_settle_batch(users, amounts, settlement_id))

    def mine(self, wait_s: int = 0) -> tuple[Receipt, ...]:
        return self.node.mine(next_slot_s(self.node) + wait_s).receipts

    def consequence(self, receipt: Receipt) -> Consequence:
        events = tuple(loader.decode_event(log.topics, log.data) for log in receipt.logs if log.address == self.card)
        reason = None if receipt.ok else loader.decode_revert(receipt.revert_data)
        return Consequence(receipt.ok, events, reason)

    def balance(self, user: str) -> int:
        return loader.decode_uint(self.node.call(self.card, loader.encode_card_balance(user)))

    def usdc_of(self, owner: str) -> int:
        return loader.decode_uint(self.node.call(self.usdc, loader.encode_balance_of(owner)))

    def supply(self) -> int:
        return loader.decode_uint(self.node.call(self.card, loader.encode_total_supply()))


def users(count: int) -> list[Account]:
    return [Account.derive(7, f"user {number}") for number in range(count)]


def settlement_id(number: int) -> bytes:
    return number.to_bytes(32)
