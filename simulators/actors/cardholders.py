"""Cardholders: who they are, which cards they carry, and how the traffic becomes swipes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.interface import (
    AccountOpening,
    AccountStatus,
    CardOpening,
    CardStatus,
    LimitTerms,
    MandateOpening,
    MandateStatus,
)
from simulators.actors.courses import Courses
from simulators.actors.merchants import Demands
from simulators.actors.networks import CardNetwork, Swipe
from simulators.backends.chain.accounts import Account
from simulators.keep import EVERYTHING, Keep
from simulators.kernel import Kernel
from simulators.settings import DAY_NS, NETWORKS, Network, Purchases

CARD_LIFE_NS = 3 * 365 * DAY_NS
ROWS_AT_ONCE = 16_384


@dataclass(slots=True)
class Cardholder:
    """A person with an account. ``wallet`` signs on chain; only those who act there have one.

    ``former``: cards whose place another has taken; what was bought with them may still be presented.
    """

    account_id: str
    address: str
    cards: tuple[CardOpening, ...]
    wallet: Account | None = None
    suspended: bool = False
    former: tuple[CardOpening, ...] = ()
    mandates: tuple[MandateOpening, ...] = ()

    def opening(self) -> AccountOpening:
        """What the engine is told of this person now."""
        status = AccountStatus.SUSPENDED if self.suspended else AccountStatus.ACTIVE
        return AccountOpening(
            self.account_id, self.address, self.cards + self.former, status=status, mandates=self.mandates
        )

    def change_card(self, number: int, **changes: Any) -> None:
        """Change the ``number``-th card (1-based)."""
        cards = list(self.cards)
        cards[number - 1] = replace(cards[number - 1], **changes)
        self.cards = tuple(cards)

    def replace_card(self, number: int, seed: int) -> CardOpening:
        """Give a new card for the ``number``-th (1-based), which is cancelled unless it ended otherwise; returns it."""
        old = self.cards[number - 1]
        if old.status in (CardStatus.ACTIVE, CardStatus.FROZEN, CardStatus.PENDING):
            self.change_card(number, status=CardStatus.CANCELLED)
            old = self.cards[number - 1]
        name = f"{old.card_id}+{sum(card.card_id.startswith(f'{old.card_id}') for card in self.former) + 1}"
        new = replace(
            old, card_id=name, status=CardStatus.ACTIVE, replaces=old.card_id, pan=pan_of(seed, name, old.network)
        )
        self.former = (*self.former, old)
        self.cards = (*self.cards[: number - 1], new, *self.cards[number:])
        return new

    def change_mandate(self, card: int, status: MandateStatus) -> None:
        """Change the mandate of the ``card``-th card (1-based); it is made where there is none yet."""
        opening = self.cards[card - 1]
        if not opening.mandate_id:
            self.give_mandates()
            opening = self.cards[card - 1]
        self.mandates = tuple(
            replace(mandate, status=status) if mandate.mandate_id == opening.mandate_id else mandate
            for mandate in self.mandates
        )

    def limit(self, card_limits: LimitTerms | None, mandate_limits: LimitTerms | None) -> None:
        """Every card gets limits, and all of them spend under one mandate with limits, where there are such limits."""
        if card_limits is None and mandate_limits is None:
            return
        mandate_id = ""
        if mandate_limits is not None:
            mandate_id = f"mandate-{self.account_id}"
            expires_at_ns = max(card.expires_at_ns for card in self.cards)
            self.mandates = (MandateOpening(mandate_id, expires_at_ns, limits=mandate_limits),)
        self.cards = tuple(replace(card, limits=card_limits, mandate_id=mandate_id) for card in self.cards)

    def give_mandates(self) -> None:
        """Every card spends under a mandate of its own from here on."""
        for number, card in enumerate(self.cards, start=1):
            if not card.mandate_id:
                mandate_id = f"mandate-{card.card_id}"
                self.mandates = (*self.mandates, MandateOpening(mandate_id, card.expires_at_ns))
                self.change_card(number, mandate_id=mandate_id)


_TEST_RANGES = {"visa": ("400000", 16), "mastercard": ("555555", 16), "amex": ("378282", 15)}
"""First digits that no issuer gives out, and how many digits there are."""


def pan_of(seed: int, card_id: str, network: str) -> str:
    """A card number that passes Luhn's check, in a range for tests."""
    prefix, length = _TEST_RANGES.get(network, ("400000", 16))
    missing = length - len(prefix) - 1
    drawn = int.from_bytes(hashlib.sha256(f"{seed}/pan/{card_id}".encode()).digest()[:8]) % 10**missing
    digits = f"{prefix}{drawn:0{missing}d}"
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def people(
    names: Sequence[str], acting: frozenset[str], cards_each: int, networks: Sequence[Network], seed: int,
    random: np.random.Generator, now_ns: int,
) -> list[Cardholder]:  # fmt: skip
    """Everybody, with ``cards_each`` cards on networks drawn by share."""
    shares = np.array([network.share for network in networks], dtype=float)
    drawn = random.choice(len(networks), size=(len(names), cards_each), p=shares / shares.sum()).tolist()
    expires_at_ns = now_ns + CARD_LIFE_NS
    found = []
    for name, on in zip(names, drawn, strict=True):
        cards = tuple(
            CardOpening(
                card_id := f"card-{name}-{number}",
                on_network := networks[index].name,
                expires_at_ns,
                pan=pan_of(seed, card_id, on_network),
            )
            for number, index in enumerate(on, start=1)
        )
        wallet = Account.derive(seed, f"cardholder:{name}") if name in acting else None
        address = wallet.address if wallet else "0x" + hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()[:40]
        found.append(Cardholder(name, address, cards, wallet))
    return found


class Traffic:
    """Starts one swipe for each row of the purchases, at its instant."""

    def __init__(
        self, kernel: Kernel, purchases: Purchases, demands: Demands, everybody: Sequence[Cardholder],
        networks: dict[str, CardNetwork], next_id: Callable[[], str], until_ns: int, courses: Courses,
        keep: Keep = EVERYTHING,
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._courses = courses
        self._purchases = purchases
        self._demands = demands
        self._everybody = everybody
        self._networks = networks
        self._next_id = next_id
        self._until_ns = until_ns
        self._keep = keep
        self.swiped = 0

    def swiping(self) -> Iterator[Any]:
        """The process: wait for each row's instant, swipe."""
        kernel, everybody, networks, next_id = self._kernel, self._everybody, self._networks, self._next_id
        env, start = kernel.env, kernel.loop.create_task
        merchants = [(merchant.id, merchant.mcc) for merchant in self._purchases.merchants]
        epoch_ns, keep, course_of = kernel.epoch_ns, self._keep, self._courses.of
        for row, (at_ns, who, where, wanted, asked, presented, rest, estimate, abandoned) in enumerate(self._rows()):
            if at_ns >= self._until_ns:
                return
            wait_ns = at_ns - epoch_ns - env.now
            if wait_ns > 0:
                yield env.timeout(wait_ns)
            person = everybody[who]
            card = _card(person.cards, wanted, row)
            if not keep.swipe(row, person.account_id):
                next_id()  # the others keep their names
                networks[card.network].pass_over()
                continue
            merchant_id, mcc = merchants[where]
            if abandoned:
                presented = rest = 0
            course = course_of(row, mcc, asked, presented + rest, estimate)
            if course.asks_cents >= 0:
                asked = course.asks_cents
            swipe = Swipe(next_id(), person.account_id, card.card_id, merchant_id, mcc, asked, presented, rest, course)
            network = networks[card.network]
            if course.inquires:
                network.lives.inquire(swipe)
            if course.forced:
                network.lives.force(swipe)
                continue
            self.swiped += 1
            start(network.carry(swipe))

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        """The columns row by row, a piece at a time, so that a million rows never become a million Python objects."""
        p, d = self._purchases, self._demands
        columns = (
            p.at_ns, p.cardholder, p.merchant, p.network, d.asked, d.presented, d.rest, d.estimate, d.abandoned,
        )  # fmt: skip
        for first in range(0, len(p), ROWS_AT_ONCE):
            yield from zip(*(column[first : first + ROWS_AT_ONCE].tolist() for column in columns), strict=True)


def _card(cards: tuple[CardOpening, ...], wanted: int, number: int) -> CardOpening:
    """The card on the network that the traffic names, else the cards in turn."""
    if wanted >= 0:
        name = NETWORKS[wanted]
        for card in cards:
            if card.network == name:
                return card
    return cards[number % len(cards)] if len(cards) > 1 else cards[0]
