"""The issuer's own systems: tell the engine of cardholders, and of whatever changes about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.interface import CardEngine
from simulators.actors.cardholders import Cardholder
from simulators.auditor import Auditor
from simulators.kernel import Kernel
from simulators.settings import MINUTE_NS
from simulators.tap import Tap, Unanswered


class Issuer:
    """Openings, one after the other for each person, each until it is answered."""

    def __init__(self, kernel: Kernel, tap: Tap, engine: CardEngine, auditor: Auditor) -> None:
        self._kernel = kernel
        self._tap = tap
        self._engine = engine
        self._auditor = auditor
        self._telling: set[str] = set()
        self.last_refusal = ""
        """The latest error instead of an answer, in words."""

    def tell_of(self, person: Cardholder) -> Iterator[Any]:
        """Return when the engine has answered to how things stand with this person.

        What changes meanwhile is told next, so that no old state ever comes after a newer one.
        """
        if person.account_id in self._telling:
            return
        self._telling.add(person.account_id)
        kernel, told, heard = self._kernel, None, None
        while heard != (opening := person.opening()):
            if told != opening:
                told = opening
                self._auditor.opened(kernel.utc_ns, opening)
            answer = (yield kernel.call(self._tap.tell(opening, self._engine.open_account))).unwrap()
            if isinstance(answer, Unanswered):
                self.last_refusal = f"; open_account raised {answer.name}: {answer.error}"
                yield kernel.env.timeout(MINUTE_NS)
            else:
                heard = opening
        self._telling.discard(person.account_id)
