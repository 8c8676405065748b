"""The script of a scenario: named people do named things at named instants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.domain.money import USDC6_PER_CENT
from engine.interface import AuthorizationKind, CardStatus, Initiator, MandateStatus, Presence
from simulators.actors.cardholders import Cardholder
from simulators.actors.courses import Act, Course, Deed
from simulators.actors.life import Lives
from simulators.actors.networks import Swipe
from simulators.building import Parts
from simulators.settings import Step, WorldSettings

_CARD_STATUS = {
    "freeze": CardStatus.FROZEN, "unfreeze": CardStatus.ACTIVE, "cancel": CardStatus.CANCELLED,
    "lose": CardStatus.LOST,
}  # fmt: skip
_MANDATE_STATUS = {
    "suspend_mandate": MandateStatus.SUSPENDED, "reinstate_mandate": MandateStatus.ACTIVE,
    "revoke_mandate": MandateStatus.REVOKED,
}  # fmt: skip
BEGINS = frozenset({"swipe", "withdraw_cash", "inquire", "force_post", "stand_in"})
"""What takes an authorization id."""
FOLLOWS = frozenset({"increment", "advise", "reverse_part", "void", "refund", "dispute"})
"""What is of an authorization that another step began."""


class Script:
    """Acts out ``settings.script``. ``tell`` is the process that tells the engine of a changed cardholder."""

    def __init__(
        self, settings: WorldSettings, parts: Parts, next_id: Callable[[], str],
        tell: Callable[[Cardholder], Iterator[Any]],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._kernel = parts.kernel
        self._chain = parts.chain
        self._networks = parts.networks
        self._by_name = {person.account_id: person for person in parts.people}
        self._next_id = next_id
        self._tell = tell
        self._begun: dict[tuple[str, str], tuple[Swipe, Lives]] = {}
        """What was begun, by who and by what it is called; under "" the latest."""
        self.swiped = 0

    def steps(self) -> Iterator[Any]:
        """The process: each step at its instant."""
        keep = self._settings.keep
        for index, step in sorted(enumerate(self._settings.script), key=lambda numbered: numbered[1].at_ns):
            if not keep.step(index, step.cardholder, step.at_ns):
                if step.do in BEGINS:
                    self._next_id()  # the others keep their names
                continue
            wait_ns = self._settings.warmup_ns + step.at_ns - self._kernel.env.now
            if wait_ns > 0:
                yield self._kernel.env.timeout(wait_ns)
            self._do(self._by_name[step.cardholder], step)

    def _do(self, person: Cardholder, step: Step) -> None:
        if step.do in BEGINS:
            self._begin(person, step)
        elif step.do in FOLLOWS:
            self._follow(step)
        elif step.do in ("deposit", "request_withdrawal", "cancel_withdrawal", "complete_withdrawal"):
            self._act_on_chain(person, step)
        else:
            self._change(person, step)

    def _change(self, person: Cardholder, step: Step) -> None:
        if step.do in _CARD_STATUS:
            person.change_card(step.card, status=_CARD_STATUS[step.do])
        elif step.do in _MANDATE_STATUS:
            person.change_mandate(step.card, _MANDATE_STATUS[step.do])
        elif step.do == "replace_card":
            person.replace_card(step.card, self._settings.seed)
        else:
            person.suspended = step.do == "suspend"
        self._kernel.process(self._tell(person), step.do, daemon=True)

    def _begin(self, person: Cardholder, step: Step) -> None:
        card = person.cards[step.card - 1]
        network = self._networks[card.network]
        pump = step.do == "swipe" and step.mcc in self._settings.habits.fuel_mccs
        presents = step.presents_cents if step.presents_cents is not None else (step.amount_cents,)
        presented, rest = (*presents, 0, 0)[:2]
        asked = self._settings.habits.fuel_authorize_cents if pump else step.amount_cents
        swipe = Swipe(
            self._next_id(), person.account_id, card.card_id, f"scripted-{step.mcc}", step.mcc, asked, presented, rest,
            _course(step, pump),
        )  # fmt: skip
        self._begun[person.account_id, ""] = self._begun[person.account_id, step.called] = swipe, network.lives
        if step.do == "inquire":
            network.lives.inquire(swipe)
        elif step.do == "force_post":
            network.lives.force(swipe)
        elif step.do == "stand_in":
            network.lives.stand_in(swipe)
        else:
            self.swiped += 1
            self._kernel.spawn(network.carry(swipe), "scripted swipe", daemon=True)

    def _follow(self, step: Step) -> None:
        found = self._begun.get((step.cardholder, step.of))
        if found is None:
            return  # what it is of was taken out of the script
        swipe, lives = found
        cents = step.amount_cents
        match step.do:
            case "increment":
                doing = lives.increase(swipe, cents, swipe.asked_cents)
            case "advise":
                doing = lives.advise(swipe, cents)
            case "reverse_part":
                doing = lives.reverse(swipe, Deed(0, Act.REVERSE_PART), cents)
            case "void":
                doing = lives.reverse(swipe, Deed(0, Act.VOID), 0)
            case "refund":
                doing = lives.refund(swipe, cents or swipe.presented_cents, step.announced, step.matched)
            case "dispute":
                presentment_id = f"{swipe.authorization_id}.1"
                doing = lives.dispute(swipe, presentment_id, step.state, cents or swipe.presented_cents)
        self._kernel.process(doing, step.do, daemon=True)

    def _act_on_chain(self, person: Cardholder, step: Step) -> None:
        amount_usdc6 = step.amount_cents * USDC6_PER_CENT
        match step.do:
            case "deposit":
                self._chain.deposit(person.wallet, amount_usdc6)
            case "request_withdrawal":
                self._chain.request_withdrawal(person.wallet, amount_usdc6)
            case "cancel_withdrawal":
                self._chain.cancel_withdrawal(person.wallet)
            case "complete_withdrawal":
                self._chain.complete_withdrawal(person.wallet)


def _course(step: Step, pump: bool) -> Course:
    """What the step says of the request, and on which day it is presented."""
    kind = AuthorizationKind.PURCHASE
    if step.do == "withdraw_cash":
        kind = AuthorizationKind.CASH_WITHDRAWAL
    elif pump or step.estimate:
        kind = AuthorizationKind.PREAUTHORIZATION
    return Course(
        kind=kind,
        partial=step.partial,
        presence=Presence.NOT_PRESENT if step.remote or step.by_merchant else Presence.PRESENT,
        initiator=Initiator.MERCHANT if step.by_merchant else Initiator.CARDHOLDER,
        days=step.days,
        stand_in_cents=step.amount_cents if step.do == "stand_in" else -1,
    )
