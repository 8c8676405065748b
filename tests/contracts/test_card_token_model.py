"""CardToken on a real EVM against its model, under any order of actions by anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contracts import loader
from contracts.reverts import RevertReason
from contracts.words import selector
from tests.contracts.card_token_model import ROLES, ZERO_ADDRESS, CardTokenModel, Outcome, Refusal
from tests.contracts.chain import START_USDC6, WITHDRAWAL_DELAY_S, Chain, Look

# A failure is shown as it was found, with all its steps. For the fewest steps add Phase.shrink here, and five minutes.
SETTINGS = settings(
    phases=[Phase.generate],
    report_multiple_bugs=False,
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=12,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)
SETTLEMENT_IDS = tuple(bytes([each]) * 32 for each in range(12))
FUNCTIONS = {
    selector(f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})"): entry["name"]
    for entry in loader.load_artifact("CardToken").abi
    if entry["type"] == "function"
}
MISSES = 0.15  # how often an action is aimed at somebody whom it should not fit


class CardTokenMachine(RuleBasedStateMachine):
    """Each step asks the model first, then holds the chain to it.

    Hypothesis decides how many steps there are and drops those that a failure does not need. What a step does is drawn
    from its own seed, weighted by hand and aimed at accounts that it fits: left to itself, Hypothesis repeats itself so
    much that few runs get as far as a withdrawal.
    """

    def __init__(self, chain: Chain, start: int, met: Counter[str]) -> None:
        super().__init__()
        self.chain, self.start, self.met = chain, start, met
        self.transactions_by_id: Counter[bytes] = Counter()

    @initialize()
    def begin(self) -> None:
        chain = self.chain
        chain.restore(self.start)
        owners = (chain.onramp, *chain.users, chain.stranger)
        self.model = CardTokenModel(
            card=chain.card,
            treasury=chain.treasury,
            withdrawal_delay_s=WITHDRAWAL_DELAY_S,
            roles={"admin": {chain.admin}, "pauser": {chain.admin}, "settler": {chain.settler}},
            usdc=Counter(dict.fromkeys(owners, START_USDC6)),
            allowances=dict.fromkeys(owners, 2**256 - 1),
        )
        self.before = self._look()
        self._compare(self.before)

    @rule(seed=st.integers(0, 2**64 - 1))
    def somebody_does_something(self, seed: int) -> None:
        self.random = Random(seed)
        waiting = bool(self.model.pending)
        weighted = {
            self.deposit: 4,
            self.deposit_batch: 3,
            self.settle: 3,
            self.settle_batch: 4,
            self.request_withdrawal: 5,
            self.withdraw_about_when_ready: 6 if waiting else 0.5,
            self.cancel_withdrawal: 2 if waiting else 0.5,
            self.time_passes: 1,
            self.pause_or_unpause: 8 if self.model.paused else 1,
            self.change_role: 3,
            self.send_usdc_straight_to_the_contract: 1,
            self.sweep: 1,
            self.move_card_money: 1,
        }
        self.random.choices(list(weighted), list(weighted.values()))[0]()

    # ---- actions ------------------------------------------------------------------------------------------------

    def deposit(self) -> None:
        sender = self._somebody(self._can_pay)
        amount = self._amount(self.model.usdc[sender])
        if self.random.random() < 0.5:
            user, call = sender, loader.encode_deposit(amount)
        else:
            user = ZERO_ADDRESS if self._misses() else self._somebody(self._is_cardholder)
            call = loader.encode_deposit_for(user, amount)
        self._do(sender, call, lambda: self.model.deposit_for(sender, user, amount))

    def deposit_batch(self) -> None:
        sender, users = self._somebody(self._can_pay), self._several(self._is_cardholder)
        amounts = [self._amount(self.model.usdc[sender] // len(users)) for _ in users] if users else []
        amounts = self._sometimes_shortened(amounts)
        call = loader.encode_deposit_batch(users, amounts)
        self._do(sender, call, lambda: self.model.deposit_batch(sender, users, amounts))

    def settle(self) -> None:
        sender, user = self._somebody(self._is_settler), self._somebody(self._has_card_money)
        amount, settlement_id = self._spending(user), self._settlement_id()
        call = loader.encode_settle(user, amount, settlement_id)
        if self._do(sender, call, lambda: self.model.settle(sender, user, amount, settlement_id), settles=True):
            self.transactions_by_id[settlement_id] += 1

    def settle_batch(self) -> None:
        sender, users = self._somebody(self._is_settler), self._several(self._has_card_money)
        amounts = self._sometimes_shortened([self._spending(user) for user in users])
        settlement_id = self._settlement_id()
        call = loader.encode_settle_batch(users, amounts, settlement_id)
        if self._do(sender, call, lambda: self.model.settle_batch(sender, users, amounts, settlement_id), settles=True):
            self.transactions_by_id[settlement_id] += 1

    def request_withdrawal(self) -> None:
        sender, now_s = self._somebody(self._has_card_money), self.chain.next_block_s
        amount = self._amount(self.model.cards[sender])
        call = loader.encode_request_withdrawal(amount)
        self._do(sender, call, lambda: self.model.request_withdrawal(sender, amount, now_s))

    def withdraw_about_when_ready(self) -> None:
        sender = self._somebody(self._is_waiting)
        if self._is_waiting(sender):
            self._travel_to(self.model.pending[sender].ready_at_s + self.random.choice([-1, 0, 1]))
        now_s = self.chain.next_block_s
        self._do(sender, loader.encode_withdraw(), lambda: self.model.withdraw(sender, now_s))

    def cancel_withdrawal(self) -> None:
        sender = self._somebody(self._is_waiting)
        self._do(sender, loader.encode_cancel_withdrawal(), lambda: self.model.cancel_withdrawal(sender))

    def time_passes(self) -> None:
        self._travel_to(self.chain.next_block_s + self.random.randint(1, WITHDRAWAL_DELAY_S))

    def pause_or_unpause(self) -> None:
        sender = self._somebody(lambda person: self.model.has_role(person, "pauser"))
        if self.model.paused != self._misses():
            self._do(sender, loader.encode_unpause(), lambda: self.model.unpause(sender))
        else:
            self._do(sender, loader.encode_pause(), lambda: self.model.pause(sender))

    def change_role(self) -> None:
        sender, account = self._somebody(self._is_admin), self._somebody(lambda _: True)
        role, change = self.random.choice(list(ROLES)), self.random.choice(["grant", "grant", "revoke", "renounce"])
        if change == "renounce" and not self._misses():
            sender = account
        call = getattr(loader, f"encode_{change}_role")(ROLES[role], account)
        self._do(sender, call, lambda: getattr(self.model, f"{change}_role")(sender, role, account))
        self._compare_roles()

    def send_usdc_straight_to_the_contract(self) -> None:
        sender = self._somebody(self._can_pay)
        amount = self._amount(min(50, self.model.usdc[sender]))
        call = loader.encode_transfer(self.chain.card, amount)
        self._do(sender, call, lambda: self.model.donate(sender, amount), to=self.chain.usdc)

    def sweep(self) -> None:
        sender = self._somebody(self._is_admin)
        self._do(sender, loader.encode_sweep(), lambda: self.model.sweep(sender))

    def move_card_money(self) -> None:
        sender, other = self._somebody(self._has_card_money), self._somebody(self._has_card_money)
        amount = self._amount(self.model.cards[other])
        calls = [
            loader.encode_transfer(other, amount),
            loader.encode_transfer_from(other, sender, amount),
            loader.encode_approve(other, amount),
        ]
        self._do(sender, self.random.choice(calls), lambda: self.model.move(sender))

    # ---- choices ------------------------------------------------------------------------------------------------

    def _name(self, person: str) -> str:
        return next(name for name, address in vars(self.chain).items() if address == person)

    def _misses(self) -> bool:
        return self.random.random() < MISSES

    def _somebody(self, fits: Callable[[str], bool]) -> str:
        fitting = [person for person in self.chain.everybody if fits(person)]
        return self.random.choice(self.chain.everybody if self._misses() or not fitting else fitting)

    def _several(self, fits: Callable[[str], bool]) -> list[str]:
        """Up to four, the same ones twice at times."""
        return [self._somebody(fits) for _ in range(self.random.choice([0, 1, 2, 2, 3, 3, 4, 4]))]

    def _amount(self, limit: int) -> int:
        """Around the limit it meets, or well within, or anything."""
        near, within = max(0, limit + self.random.choice([-1, 0, 1])), self.random.randint(1, max(1, limit // 2))
        return self.random.choices([near, within, self.random.randint(0, 2 * START_USDC6)], [3, 6, 1])[0]

    def _spending(self, user: str) -> int:
        """Around what the user has, or around what a settlement can take before a withdrawal must shrink."""
        pending = self.model.pending[user].amount_usdc6 if self._is_waiting(user) else 0
        return self._amount(self.model.cards[user] - self.random.choice([0, pending]))

    def _sometimes_shortened(self, amounts: list[int]) -> list[int]:
        return amounts[1:] if self._misses() else amounts

    def _settlement_id(self) -> bytes:
        """The next one, or at times one that was used."""
        used = len(self.model.settled)
        replayed = self.random.random() < 0.25 or used == len(SETTLEMENT_IDS)
        return SETTLEMENT_IDS[self.random.randrange(max(1, used)) if replayed else used]

    def _is_cardholder(self, person: str) -> bool:
        return person in self.chain.users

    def _is_settler(self, person: str) -> bool:
        return self.model.has_role(person, "settler")

    def _is_admin(self, person: str) -> bool:
        return self.model.has_role(person, "admin")

    def _is_waiting(self, person: str) -> bool:
        return person in self.model.pending

    def _can_pay(self, person: str) -> bool:
        return self.model.usdc[person] > 0 and person in self.model.allowances

    def _has_card_money(self, person: str) -> bool:
        return self.model.cards[person] > 0

    def _travel_to(self, at_s: int) -> None:
        if at_s > self.chain.next_block_s:
            self.chain.travel_to(at_s)

    # ---- checks -------------------------------------------------------------------------------------------------

    def _do(
        self, sender: str, call: bytes, expect: Callable[[], Outcome], to: str | None = None, settles: bool = False
    ) -> bool:
        """Hold the chain to what the model expects of a call; whether it went through."""
        to = to or self.chain.card
        expected = self._expected(expect)
        note(f"{self._name(sender)} calls {FUNCTIONS[call[:4]]} 0x{call[4:].hex()}, expected: {expected}")
        if isinstance(expected, RevertReason):
            self.met[expected.name] += 1
            assert self.chain.refused(sender, to, call) == expected
            return False
        assert self.chain.send(sender, to, call).events == expected
        self.met.update(type(event).__name__ for event in expected)
        after = self._look()
        self._compare(after)
        self._check_nobody_else_lost(sender, after, settles)
        self.before = after
        return True

    @staticmethod
    def _expected(expect: Callable[[], Outcome]) -> Outcome:
        try:
            return expect()
        except Refusal as refusal:
            return refusal.reason

    def _look(self) -> Look:
        used = len(self.model.settled)
        return self.chain.look(settlement_ids=SETTLEMENT_IDS[: used + 1])

    def _compare_roles(self) -> None:
        assert self.chain.roles(tuple(ROLES.values())) == {ROLES[role]: who for role, who in self.model.roles.items()}

    def _compare(self, seen: Look) -> None:
        model = self.model
        for owner, account in seen.accounts.items():
            assert account.card == model.cards[owner]
            assert account.usdc == model.usdc[owner]
            assert account.pending == model.pending.get(owner)
        assert {each for each, is_settled in seen.settled.items() if is_settled} == model.settled
        assert seen.paused == model.paused
        self._check_invariants(seen)

    def _check_invariants(self, seen: Look) -> None:
        """What holds whatever the model says."""
        accounts = seen.accounts.values()
        assert seen.supply == seen.held - self.model.donated
        assert seen.surplus == self.model.donated
        assert seen.supply == sum(account.card for account in accounts)
        assert seen.held + sum(account.usdc for account in accounts) == 5 * START_USDC6
        assert all(account.pending.amount_usdc6 <= account.card for account in accounts if account.pending)
        assert all(times == 1 for times in self.transactions_by_id.values())

    def _check_nobody_else_lost(self, sender: str, after: Look, settles: bool) -> None:
        """Only a settlement, by a settler, may take from anybody but the sender."""
        if settles:
            assert sender in self.chain.roles((loader.SETTLER_ROLE,))[loader.SETTLER_ROLE]
            return
        for owner, account in after.accounts.items():
            earlier = self.before.accounts[owner]
            if owner != sender:
                assert account.card >= earlier.card
                assert account.usdc >= earlier.usdc
                assert account.pending == earlier.pending


EVERY_EVENT = {event.__name__ for event in loader.CardEvent.__args__}
COMMON_REFUSALS = {
    "AccessControlUnauthorizedAccount",
    "AlreadySettled",
    "ERC20InsufficientBalance",
    "EnforcedPause",
    "InsufficientBalance",
    "LengthMismatch",
    "NoWithdrawal",
    "NonTransferable",
    "WithdrawalNotReady",
    "WithdrawalPending",
    "ZeroAddress",
    "ZeroAmount",
}


@pytest.fixture
def machine(deployed_chain: tuple[Chain, int]) -> Iterator[tuple[Callable[[], CardTokenMachine], Counter[str]]]:
    """Builds a machine on the deployed chain, and counts what its runs met."""
    chain, start = deployed_chain
    met: Counter[str] = Counter()
    yield lambda: CardTokenMachine(chain, start, met), met
    chain.restore(start)


def test_card_token_does_what_its_model_does_under_any_order_of_actions(
    machine: tuple[Callable[[], CardTokenMachine], Counter[str]],
) -> None:
    build, met = machine
    run_state_machine_as_test(build, settings=SETTINGS)
    never_met = (EVERY_EVENT | COMMON_REFUSALS) - set(met)
    assert not never_met, f"the runs are too tame to prove anything about {sorted(never_met)}; they met {met}"
