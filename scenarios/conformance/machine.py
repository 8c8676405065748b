"""Any life of a few accounts: Hypothesis draws messages, the reference engine answers beside, the auditor listens.

Everything is said one message after the other (twins of one message aside), so that every answer is determined by the
seam, but for the ids of settlements. What the engine does not support is not said to the reference either.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any, ClassVar

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.interface import (
    AccountStatus,
    AuthorizationKind,
    Balance,
    CardOpening,
    CardStatus,
    DisputeState,
    Initiator,
    NotSupported,
    Presence,
    PresentmentKind,
    RequestInFlight,
    WithdrawalStage,
)
from scenarios.conformance.agreed import agree, answer_of
from scenarios.conformance.bench import DAY_NS
from scenarios.conformance.chain import BenchChain, BenchClock
from scenarios.conformance.drawn import ASKED, CARDS, CENTS, NUMBERS, PARTS, STEPS, TERMS, account_of, later
from scenarios.conformance.loop import QuickLoop
from scenarios.conformance.subject import FreshEngine, kit
from scenarios.conformance.verdicts import Broken
from scenarios.conformance.wires import Deaf, Recording, told_again
from scenarios.engines import reference


class EngineMachine(RuleBasedStateMachine):
    """See the module. ``subject`` is the engine to be judged."""

    subject: ClassVar[FreshEngine]

    def __init__(self) -> None:
        super().__init__()
        self.loop = QuickLoop()
        self.ours = self._bench(self.subject.factory, None)
        self.theirs = self._bench(reference.build, Deaf())
        self.pending: dict[str, int] = {"ada": 0, "bob": 0}
        self.events = 0

    @staticmethod
    def _bench(factory: Any, auditor: Any) -> Recording:
        clock = BenchClock()
        chain = BenchChain(clock)
        return Recording(factory(kit(TERMS, clock, chain)), clock, chain, TERMS, auditor)

    # ---- both engines hear everything, and have to say the same ---------------------------------------------------

    def both(self, verb: str, *words: Any, **more: Any) -> Any:
        """The answer that both give; None where the engine does not support it."""
        return self.loop.run_until_complete(self._both(verb, *words, **more))

    async def _both(self, verb: str, *words: Any, **more: Any) -> Any:
        ours = await answer_of(getattr(self.ours, verb)(*words, **more))
        if isinstance(ours, NotSupported):
            note(f"not supported: {ours}")
            return None
        theirs = await answer_of(getattr(self.theirs, verb)(*words, **more))
        agree(verb, ours, theirs)
        return theirs

    def cents(self, amount: Any, account: str) -> int:
        """An amount in cents; at least 1."""
        if isinstance(amount, int):
            return amount
        name, near = amount
        balance = self.loop.run_until_complete(self.theirs.balance(account))
        return max(getattr(balance, f"{name}_usdc6") // 10_000 + near, 1)

    # ---- accounts ---------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.open("ada")
        self.open("bob")
        self.both("fund", 10_000, "ada")

    def open(self, account: str, of_cards: CardStatus = CardStatus.ACTIVE, **changes: Any) -> None:
        cards = tuple(
            CardOpening(card, "visa", self.theirs.clock.start_ns + 200 * DAY_NS, of_cards)
            for card in CARDS
            if account_of(card) == account
        )
        self.both("open", account, cards=cards, **changes)

    @rule(
        account=st.sampled_from(["ada", "bob"]),
        card=st.sampled_from(CardStatus),
        account_status=st.sampled_from(AccountStatus),
        kyc=st.sampled_from([1, 0]),
    )
    def change_standing(self, account: str, card: CardStatus, account_status: AccountStatus, kyc: int) -> None:
        self.open(account, card, status=account_status, kyc_level=kyc)

    @rule(account=st.sampled_from(["ada", "bob"]))
    def mend_standing(self, account: str) -> None:
        self.open(account)

    @rule(account=st.sampled_from(["ada", "bob"]), cents=CENTS)
    def deposit(self, account: str, cents: Any) -> None:
        self.both("fund", self.cents(cents, account), account)

    @rule(account=st.sampled_from(["ada", "bob"]), cents=CENTS)
    def request_withdrawal(self, account: str, cents: Any) -> None:
        """The contract lets nobody ask for more than there is on chain."""
        free = self.theirs.chain_cents(account) - self.pending[account]
        amount = min(self.cents(cents, account), free)
        if amount > 0:
            self.pending[account] += amount
            self.withdraw(WithdrawalStage.REQUESTED, amount, account)

    @rule(account=st.sampled_from(["ada", "bob"]), paid=st.booleans())
    def end_withdrawal(self, account: str, paid: bool) -> None:
        if amount := self.pending[account]:
            self.pending[account] = 0
            self.withdraw(WithdrawalStage.COMPLETED if paid else WithdrawalStage.CANCELLED, amount, account)

    def withdraw(self, stage: WithdrawalStage, cents: int, account: str) -> None:
        self.events += 1
        self.both("withdraw", stage, cents, f"0xwithdrawal{self.events}:0", account)

    # ---- authorizations ---------------------------------------------------------------------------------------------

    @rule(
        number=NUMBERS,
        cents=CENTS,
        kind=ASKED,
        partial=st.booleans(),
        presence=st.sampled_from(Presence),
        initiator=st.sampled_from(Initiator),
        mcc=st.sampled_from(["5411", "7011"]),
        key=PARTS,
    )
    def authorize(self, number: int, cents: Any, kind: AuthorizationKind, key: int, **more: Any) -> None:
        account = account_of(CARDS[number % 3])
        amount = self.cents(cents, account)
        self.both("authorize", f"a{number}", amount, card=CARDS[number % 3], kind=kind, key=f"a{number}/{key}", **more)

    @rule(number=NUMBERS, cents=CENTS, part=PARTS)
    def increment(self, number: int, cents: Any, part: int) -> None:
        card = CARDS[number % 3]
        self.both("increment", f"a{number}", self.cents(cents, account_of(card)), part, card=card)

    @rule(
        number=st.integers(6, 8), kind=st.sampled_from(["balance_inquiry", "refund"]), cents=st.sampled_from([0, 700])
    )
    def ask_without_a_hold(self, number: int, kind: str, cents: int) -> None:
        card, asked = CARDS[number % 3], AuthorizationKind(kind)
        self.both("authorize", f"a{number}", cents, card=card, kind=asked, key=f"a{number}/{kind}/{cents}")

    @rule(number=NUMBERS, cents=CENTS)
    def twins(self, number: int, cents: Any) -> None:
        """Three times the same message at once: one answer, though a twin may be told to wait."""
        card = CARDS[number % 3]
        amount = self.cents(cents, account_of(card))
        request = self.ours.request(f"a{number}", amount, card=card, key=f"a{number}/twins")

        async def at_once() -> list[Any]:
            asking = [self.ours.tell(request, self.ours.engine.authorize) for _ in range(3)]
            return await asyncio.gather(*asking, return_exceptions=True)

        answers = [one for one in self.loop.run_until_complete(at_once()) if not isinstance(one, RequestInFlight)]
        if not answers:
            raise Broken("the answers to three twins", "one at least", "RequestInFlight to all")
        if any(isinstance(one, NotSupported) for one in answers):
            return
        asking = self.theirs.tell(request, self.theirs.engine.authorize)
        theirs = self.loop.run_until_complete(answer_of(asking))
        for answer in answers:
            agree("a twin", answer, theirs)

    @rule(number=NUMBERS, cents=CENTS, approved=st.booleans(), key=PARTS)
    def advise(self, number: int, cents: Any, approved: bool, key: int) -> None:
        card = CARDS[number % 3]
        amount = self.cents(cents, account_of(card)) if approved else 0
        self.both("advise", f"a{number}", amount, card=card, approved=approved, key=f"a{number}!{key}")

    @rule(number=NUMBERS, cents=st.one_of(st.just(0), CENTS), key=PARTS)
    def reverse(self, number: int, cents: Any, key: int) -> None:
        card = CARDS[number % 3]
        amount = self.cents(cents, account_of(card))
        self.both("reverse", f"a{number}", card=card, key=f"a{number}-{key}", cents=amount)

    @rule(
        index=st.integers(0, 40),
        change=st.sampled_from(["nothing", "nothing", "amount"]),
    )
    def say_again(self, index: int, change: str) -> None:
        """Any message once more, as it was, or under its key with another amount."""
        if not self.theirs.said:
            return
        message = self.theirs.said[-1 - index % len(self.theirs.said)]
        if (other := told_again(message, changed=change == "amount")) is not None:
            self.both("say", other)

    # ---- clearing ----------------------------------------------------------------------------------------------------

    @rule(
        records=st.lists(
            st.tuples(NUMBERS, PARTS, CENTS, st.booleans(), st.sampled_from(["sale", "sale", "refund"])),
            min_size=1,
            max_size=3,
        )
    )
    def clear(self, records: list[tuple[int, int, Any, bool, str]]) -> None:
        presentments = []
        for number, part, cents, final, kind in records:
            card = CARDS[number % 3]
            presentments.append(
                self.theirs.presentment(
                    f"a{number}", part, self.cents(cents, account_of(card)), final=final, card=card,
                    kind=PresentmentKind(kind), presentment_id=f"a{number}.{kind}.{part}",
                )
            )  # fmt: skip
        self.both("clear", *presentments)

    @rule(number=NUMBERS, part=PARTS, dispute=PARTS, state=st.sampled_from(DisputeState), cents=CENTS)
    def dispute(self, number: int, part: int, dispute: int, state: DisputeState, cents: Any) -> None:
        card = CARDS[number % 3]
        amount = self.cents(cents, account_of(card))
        presentment = f"a{number}.sale.{part}"
        self.events += 1
        key = f"d{dispute}/{self.events}"
        self.both("dispute", f"{presentment}?{dispute}", presentment, state, amount, card=card, key=key)

    # ---- the clock ---------------------------------------------------------------------------------------------------

    @rule(how=STEPS)
    def advance(self, how: str) -> None:
        """What is captured has to be burned in time, so nothing waits through a long step."""
        if how != "second":
            self.settle()
        self.show(later(self.theirs.clock.at_ns, how))

    def show(self, at_ns: int) -> None:
        """Both clocks show it, and both engines have their tick."""
        self.ours.clock.at_ns = self.theirs.clock.at_ns = at_ns
        self.both("expire")

    @rule()
    def settle(self) -> None:
        """Blocks take their time. What a burn took can no longer leave: the contract says so."""
        self.both("settle")
        self.show(max(self.ours.clock.at_ns, self.theirs.clock.at_ns))
        for account, pending in self.pending.items():
            left = self.theirs.chain_cents(account)
            if pending > left:
                self.pending[account] = left
                self.withdraw(WithdrawalStage.REDUCED, left, account)

    # ---- what has to hold after every message -----------------------------------------------------------------------

    @invariant()
    def the_balances_are_the_same(self) -> None:
        if "ada" in self.theirs.addresses:
            self.loop.run_until_complete(self._balances())

    async def _balances(self) -> None:
        for account in self.theirs.addresses:
            balance = await self._both("balance", account)
            if isinstance(balance, Balance) and balance.available_usdc6 > 0 < balance.receivable_usdc6:
                raise Broken(f"the balance of {account}", "nothing available while something is owed", balance)

    @invariant()
    def the_auditor_has_nothing_to_say(self) -> None:
        if findings := self.ours.auditor.findings:
            raise Broken("what the auditor says", "nothing", f"{findings[0].invariant} {findings[0].message}")

    def teardown(self) -> None:
        with closing(self.loop):
            try:
                self.close_books()
            finally:
                self.loop.run_until_complete(self.ours.leave())

    def close_books(self) -> None:
        """The auditor has the last word, and the statements tell the same."""
        for bench in (self.ours, self.theirs):
            self.loop.run_until_complete(bench.close())
        self.the_auditor_has_nothing_to_say()
        ours, theirs = (self.loop.run_until_complete(answer_of(one.statement())) for one in (self.ours, self.theirs))
        if not isinstance(ours, NotSupported):
            agree("statement", ours, theirs)


def machine_for(subject: FreshEngine, examples: int, steps: int) -> type[EngineMachine]:
    """The machine for one engine: the same lives in every run, as many as are asked for."""
    machine = type("ConformanceMachine", (EngineMachine,), {"subject": subject})
    machine.TestCase.settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    return machine
