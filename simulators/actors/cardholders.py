"""Cardholders: who they are, which cards they carry, and how the traffic becomes swipes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.interface import AccountOpening, AccountStatus, CardOpening
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
    """A person with an account. ``wallet`` signs on chain; only those who act there have one."""

    account_id: str
    address: str
    cards: tuple[CardOpening, ...]
    wallet: Account | None = None
    suspended: bool = False

    def opening(self) -> AccountOpening:
        """What the engine is told of this person now."""
        status = AccountStatus.SUSPENDED if self.suspended else AccountStatus.ACTIVE
        return AccountOpening(self.account_id, self.address, self.cards, status=status)

    def change_card(self, number: int, **changes: Any) -> None:
        """Change the ``number``-th card (1-based)."""
        cards = list(self.cards)
        cards[number - 1] = replace(cards[number - 1], **changes)
        self.cards = tuple(cards)


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
            CardOpening(f"card-{name}-{number}", networks[index].name, expires_at_ns)
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
        networks: dict[str, CardNetwork], next_id: Callable[[], str], until_ns: int, keep: Keep = EVERYTHING,
    ) -> None:  # fmt: skip
        self._kernel = kernel
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
        epoch_ns, keep = kernel.epoch_ns, self._keep
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
            swipe = Swipe(
                next_id(), person.account_id, card.card_id, merchant_id, mcc, asked, estimate, presented, rest
            )
            self.swiped += 1
            start(networks[card.network].carry(swipe))

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
