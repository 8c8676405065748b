"""A real EVM with USDC and CardToken deployed on it, as tests drive and see it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import product

from eth_abi import decode, encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.backends.pyevm.main import get_default_genesis_params
from eth_tester.exceptions import TransactionFailed

from contracts import loader
from contracts.words import selector

# Later than any wall clock, because py-evm stamps a block with the wall clock when that is ahead of its parent: from
# here on a block is one second after its parent, unless time is moved on purpose.
GENESIS_S = 4_000_000_000
WITHDRAWAL_DELAY_S = 86_400
START_USDC6 = 1_000
BLOCK_GAS = 30_000_000

_LOOK = selector("look(address,address[],bytes32[])")
_LOOK_ANSWER = ("uint256", "uint256", "uint256", "bool", "(uint256,uint256,uint256,uint256)[]", "bool[]")
_ROLES = selector("roles(address,bytes32[],address[])")


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the chain has it."""

    usdc: int
    card: int
    pending: loader.PendingWithdrawal | None


@dataclass(frozen=True, slots=True)
class Look:
    """The whole state that the tests compare."""

    supply: int
    held: int
    surplus: int
    paused: bool
    accounts: dict[str, Account]
    settled: dict[bytes, bool]


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that went through.

    :param events: what the called contract emitted and the loader knows.
    :param foreign_logs: how many entries other contracts (USDC, that is) logged meanwhile.
    """

    events: tuple[loader.CardEvent, ...]
    foreign_logs: int
    gas_used: int


class Chain:
    """One EVM, its accounts by role, and one deployed pair of contracts. Every transaction is a block."""

    def __init__(self) -> None:
        genesis = get_default_genesis_params({"timestamp": GENESIS_S, "gas_limit": BLOCK_GAS})
        self._tester = EthereumTester(PyEVMBackend(genesis_parameters=genesis))
        (
            self.deployer,
            self.admin,
            self.settler,
            self.treasury,
            self.onramp,
            self.ann,
            self.bob,
            self.cem,
            self.stranger,
            _,
        ) = self._tester.get_accounts()
        self.users = (self.ann, self.bob, self.cem)
        self.everybody = (self.admin, self.settler, self.treasury, self.onramp, *self.users, self.stranger)
        self.usdc = self.deploy(loader.mock_usdc_deploy_data())
        self.card = self.deploy_card(self.usdc)
        self._lens = self.deploy(loader.load_artifact("test/Lens").bytecode)

    def deploy(self, data: bytes) -> str:
        """Deploy as the deployer; the new contract's address."""
        receipt = self._mine(self.deployer, None, data)
        assert receipt["status"] == 1
        return receipt["contract_address"]

    def deploy_card(self, usdc: str, withdrawal_delay_s: int = WITHDRAWAL_DELAY_S) -> str:
        """Another CardToken over `usdc`, with the usual treasury, admin and settler."""
        return self.deploy(
            loader.card_token_deploy_data(usdc, self.treasury, self.admin, self.settler, withdrawal_delay_s)
        )

    def send(self, sender: str, to: str, data: bytes) -> Mined:
        """A transaction that must go through."""
        receipt = self._mine(sender, to, data)
        assert receipt["status"] == 1, f"refused: {self._refusal(sender, to, data)}"
        logs = [log for log in receipt["logs"] if log["address"] == to]
        decoded = [loader.decode_event(log["topics"], log["data"]) for log in logs]
        events = tuple(event for event in decoded if event is not None)
        return Mined(events, len(receipt["logs"]) - len(logs), receipt["gas_used"])

    def deposit(self, user: str, amount_usdc6: int) -> None:
        """`user` wraps own USDC."""
        self.send(user, self.card, loader.encode_deposit(amount_usdc6))

    def settle(self, user: str, amount_usdc6: int, settlement_id: bytes) -> tuple[loader.CardEvent, ...]:
        """The settler settles one user."""
        return self.send(self.settler, self.card, loader.encode_settle(user, amount_usdc6, settlement_id)).events

    def request(self, user: str, amount_usdc6: int) -> int:
        """`user` asks for a withdrawal; the second from which it can be taken."""
        (event,) = self.send(user, self.card, loader.encode_request_withdrawal(amount_usdc6)).events
        assert isinstance(event, loader.WithdrawalRequested)
        return event.ready_at_s

    def pending(self, user: str) -> loader.PendingWithdrawal | None:
        """What `user` has asked to withdraw."""
        return loader.decode_pending_withdrawal(self.read(self.card, loader.encode_pending_withdrawal(user)))

    def refused(self, sender: str, to: str, data: bytes) -> loader.RevertReason:
        """Why the next block would refuse this transaction, which it must."""
        reason = self._refusal(sender, to, data)
        assert reason is not None, "the call was expected to be refused, and went through"
        return reason

    def refused_deployment(self, data: bytes) -> loader.RevertReason:
        """Why this contract cannot be deployed, which it must not be."""
        reason = self._refusal(self.deployer, None, data)
        assert reason is not None, "the deployment was expected to be refused, and went through"
        return reason

    def fail(self, sender: str, to: str, data: bytes) -> None:
        """A transaction that must be mined as a failure."""
        assert self._mine(sender, to, data)["status"] == 0

    def read(self, to: str, data: bytes) -> bytes:
        """What a view answers in the next block."""
        return bytes.fromhex(self._call(self.stranger, to, data)[2:])

    def look(self, card: str | None = None, settlement_ids: tuple[bytes, ...] = ()) -> Look:
        """Everything about `card` (the usual one if not given) and everybody's accounts."""
        arguments = encode(("address", "address[]", "bytes32[]"), (card or self.card, self.everybody, settlement_ids))
        supply, held, surplus, paused, accounts, settled = decode(
            _LOOK_ANSWER, self.read(self._lens, _LOOK + arguments)
        )
        return Look(
            supply,
            held,
            surplus,
            paused,
            {name: _account(*seen) for name, seen in zip(self.everybody, accounts, strict=True)},
            dict(zip(settlement_ids, settled, strict=True)),
        )

    def roles(self, role_ids: tuple[bytes, ...]) -> dict[bytes, set[str]]:
        """Who has which role of the usual CardToken, as far as it is one of everybody."""
        arguments = encode(("address", "bytes32[]", "address[]"), (self.card, role_ids, self.everybody))
        (has,) = decode(("bool[]",), self.read(self._lens, _ROLES + arguments))
        pairs = zip(product(role_ids, self.everybody), has, strict=True)
        held = [(role_id, who) for (role_id, who), holds in pairs if holds]
        return {role_id: {who for each, who in held if each == role_id} for role_id in role_ids}

    @property
    def next_block_s(self) -> int:
        """The timestamp of the next block."""
        return self._tester.backend.chain.header.timestamp

    def travel_to(self, at_s: int) -> None:
        """Let the next block have this timestamp, which must not be in the past."""
        self._tester.time_travel(at_s)
        assert self.next_block_s == at_s

    def fund(self, owner: str, amount_usdc6: int, card: str | None = None) -> None:
        """Mint USDC for `owner`, who approves all of it and more to the card contract."""
        self.send(self.deployer, self.usdc, loader.encode_mint(owner, amount_usdc6))
        self.send(owner, self.usdc, loader.encode_approve(card or self.card, 2**256 - 1))

    def snapshot(self) -> int:
        """Remember the state."""
        return self._tester.take_snapshot()

    def restore(self, snapshot: int) -> None:
        """Go back to a remembered state."""
        self._tester.revert_to_snapshot(snapshot)

    def _mine(self, sender: str, to: str | None, data: bytes) -> dict:
        return self._tester.get_transaction_receipt(self._tester.send_transaction(_transaction(sender, to, data)))

    def _call(self, sender: str, to: str | None, data: bytes) -> str:
        return self._tester.call(_transaction(sender, to, data), "pending")

    def _refusal(self, sender: str, to: str | None, data: bytes) -> loader.RevertReason | None:
        try:
            self._call(sender, to, data)
        except TransactionFailed as failed:
            return _reason(str(failed))
        return None


def _transaction(sender: str, to: str | None, data: bytes) -> dict:
    fields = {"from": sender, "data": "0x" + data.hex(), "gas": BLOCK_GAS}
    return fields if to is None else {**fields, "to": to}


def _reason(message: str) -> loader.RevertReason:
    """eth-tester hands revert data on as the text of a bytes literal; of an ``Error(string)``, the string."""
    if message.startswith(("b'", 'b"')):
        return loader.decode_revert(ast.literal_eval(message))
    return loader.RevertReason("Error", (message,))


def _account(usdc: int, card: int, amount: int, ready_at_s: int) -> Account:
    return Account(usdc, card, loader.PendingWithdrawal(amount, ready_at_s) if amount or ready_at_s else None)
