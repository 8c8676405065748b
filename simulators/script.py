"""The script of a scenario: named people do named things at named instants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.domain.money import USDC6_PER_CENT
from engine.interface import CardStatus
from simulators.actors.cardholders import Cardholder
from simulators.actors.networks import Swipe
from simulators.building import Parts
from simulators.settings import Step, WorldSettings

_CARD_STATUS = {"freeze": CardStatus.FROZEN, "unfreeze": CardStatus.ACTIVE, "cancel": CardStatus.CANCELLED}


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
        self.swiped = 0

    def steps(self) -> Iterator[Any]:
        """The process: each step at its instant."""
        keep = self._settings.keep
        for index, step in sorted(enumerate(self._settings.script), key=lambda numbered: numbered[1].at_ns):
            if not keep.step(index, step.cardholder, step.at_ns):
                if step.do == "swipe":
                    self._next_id()  # the others keep their names
                continue
            wait_ns = self._settings.warmup_ns + step.at_ns - self._kernel.env.now
            if wait_ns > 0:
                yield self._kernel.env.timeout(wait_ns)
            person = self._by_name[step.cardholder]
            if step.do == "swipe":
                self._swipe(person, step)
            elif step.do in _CARD_STATUS:
                person.change_card(step.card, status=_CARD_STATUS[step.do])
                self._kernel.process(self._tell(person), step.do, daemon=True)
            elif step.do in ("suspend", "reinstate"):
                person.suspended = step.do == "suspend"
                self._kernel.process(self._tell(person), step.do, daemon=True)
            else:
                self._act_on_chain(person, step)

    def _swipe(self, person: Cardholder, step: Step) -> None:
        card = person.cards[step.card - 1]
        estimate = step.mcc in self._settings.habits.fuel_mccs
        presents = step.presents_cents if step.presents_cents is not None else (step.amount_cents,)
        presented, rest = (*presents, 0, 0)[:2]
        asked = self._settings.habits.fuel_authorize_cents if estimate else step.amount_cents
        shop = f"scripted-{step.mcc}"
        swipe = Swipe(
            self._next_id(), person.account_id, card.card_id, shop, step.mcc, asked, estimate, presented, rest
        )
        self.swiped += 1
        self._kernel.spawn(self._networks[card.network].carry(swipe), "scripted swipe", daemon=True)

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
