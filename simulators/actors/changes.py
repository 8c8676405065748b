"""What befalls cards and mandates from day to day: frozen and thawed, lost, cancelled, replaced, suspended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.interface import CardStatus, MandateStatus
from simulators.actors.cardholders import Cardholder
from simulators.habits import Changes
from simulators.kernel import Kernel, Trace
from simulators.settings import DAY_NS, HOUR_NS

REPLACED_AFTER_NS = 6 * HOUR_NS
SHORTEST_NS, LONGEST_NS = HOUR_NS, 12 * HOUR_NS
"""How long a card stays frozen, or a mandate suspended."""


class LifeOfCards:
    """One process for each card; its draws are its own, so that nobody else's move when it is taken out."""

    def __init__(
        self, kernel: Kernel, trace: Trace, changes: Changes, seed: int, tell: Callable[[Cardholder], Iterator[Any]]
    ) -> None:
        self._kernel = kernel
        self._append = trace.append
        self._changes = changes
        self._seed = seed
        self._tell = tell

    def start(self, person: Cardholder, traffic_ns: int) -> None:
        """From now on, for so long."""
        for number in range(1, len(person.cards) + 1):
            self._kernel.process(self._days(person, number, traffic_ns), "life of a card", daemon=True)

    def _days(self, person: Cardholder, number: int, traffic_ns: int) -> Iterator[Any]:
        kernel, changes = self._kernel, self._changes
        stream = kernel.stream(f"changes:{person.account_id}:{number}")
        began_ns = kernel.now_ns
        for day_ns in range(0, traffic_ns, DAY_NS):
            what, when, how_long, soon = (stream.uniform() for _ in range(4))
            at_ns = began_ns + day_ns + round(when * min(DAY_NS, traffic_ns - day_ns))
            if kernel.now_ns < at_ns:
                yield kernel.env.timeout(at_ns - kernel.now_ns)
            shares = (changes.frozen_share, changes.suspended_share, changes.lost_share, changes.cancelled_share)
            for befalls, share in zip((self._freeze, self._suspend, self._lose, self._cancel), shares, strict=True):
                if what < share:
                    lasts_ns = SHORTEST_NS + round(how_long * (LONGEST_NS - SHORTEST_NS))
                    yield from befalls(person, number, lasts_ns, soon < changes.replaced_share)
                    break
                what -= share

    def _freeze(self, person: Cardholder, number: int, lasts_ns: int, _: bool) -> Iterator[Any]:
        self._status(person, number, CardStatus.FROZEN)
        yield self._kernel.env.timeout(lasts_ns)
        self._status(person, number, CardStatus.ACTIVE)

    def _suspend(self, person: Cardholder, number: int, lasts_ns: int, _: bool) -> Iterator[Any]:
        for status in (MandateStatus.SUSPENDED, MandateStatus.ACTIVE):
            person.change_mandate(number, status)
            self._told(person, number, f"mandate_{status}")
            if status is MandateStatus.SUSPENDED:
                yield self._kernel.env.timeout(lasts_ns)

    def _lose(self, person: Cardholder, number: int, _: int, at_once: bool) -> Iterator[Any]:
        yield from self._end(person, number, CardStatus.LOST, at_once)

    def _cancel(self, person: Cardholder, number: int, _: int, at_once: bool) -> Iterator[Any]:
        yield from self._end(person, number, CardStatus.CANCELLED, at_once)

    def _end(self, person: Cardholder, number: int, status: CardStatus, at_once: bool) -> Iterator[Any]:
        self._status(person, number, status)
        if not at_once:
            yield self._kernel.env.timeout(REPLACED_AFTER_NS)
        person.replace_card(number, self._seed)
        self._told(person, number, "replaced")

    def _status(self, person: Cardholder, number: int, status: CardStatus) -> None:
        person.change_card(number, status=status)
        self._told(person, number, str(status))

    def _told(self, person: Cardholder, number: int, result: str) -> None:
        card = person.cards[number - 1]
        self._append(
            (self._kernel.now_ns, "card", card.card_id, person.account_id, card.network, 0, 0, result, -1, "")
        )  # fmt: skip
        self._kernel.process(self._tell(person), f"{result} of {card.card_id}", daemon=True)
