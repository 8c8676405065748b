"""The limits of an account, of its cards and of its mandates, held against one spend together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.domain.accounts import Account, Card
from engine.domain.counters import Counters, compact
from engine.domain.decide import mandate_of
from engine.domain.decline import DeclineReason
from engine.domain.limits import Spend, first
from engine.domain.terms import LimitTerms

ACCOUNT = "account"


class Scope(NamedTuple):
    """Limits, and the ``key`` of the spends that count in them, within one account (:func:`keys_of`)."""

    key: str
    limits: LimitTerms


Scopes = tuple[Scope, ...]


def keys_of(spend: Spend) -> tuple[str, ...]:
    """The scopes that a spend counts in, by what its card was at the decision: so no list of cards is needed.

    A card counts for itself, and for the line of cards that replaced one another.
    """
    line = f"line:{spend.counter_id or spend.card_id}"
    card = f"card:{spend.card_id}"
    return (ACCOUNT, card, line, f"mandate:{spend.mandate_id}") if spend.mandate_id else (ACCOUNT, card, line)


def scopes_of(card: Card, account: Account, usual: Scopes) -> Scopes:
    """All that holds for a spend with this card; ``usual`` is what holds for every card."""
    if card.limits is None and not card.mandate_id:
        return usual
    scopes = usual
    if card.limits is not None:
        follows = card.limits.policy.follows_replacement
        key = f"line:{card.counter_id or card.card_id}" if follows else f"card:{card.card_id}"
        scopes = (*scopes, Scope(key, card.limits))
    mandate = mandate_of(card.mandate_id, account) if card.mandate_id else None
    if mandate is not None and mandate.limits is not None:
        scopes = (*scopes, Scope(f"mandate:{mandate.mandate_id}", mandate.limits))
    return scopes


class Tally:
    """The counters of one account by scope, made from all of its spends.

    It keeps no spends. Where it :meth:`knows` a scope no more, or not yet, it has to be made again, with that one too.
    """

    def __init__(self, scopes: Iterable[Scope], spends: Sequence[Spend] = ()) -> None:
        limits = dict(scopes)
        own: dict[str, list[Spend]] = {key: [] for key in limits}
        for spend in spends:
            for key in keys_of(spend):
                if key in own:
                    own[key].append(spend)
        self._counters = {key: Counters(limits[key], own[key]) for key in limits}

    def knows(self, scopes: Iterable[Scope], at_ns: int) -> bool:
        """Whether each of these can be checked at this instant: counted in the same windows, and not forgotten."""
        return all(
            (counters := self._counters.get(key)) is not None and counters.fits(limits) and counters.remembers(at_ns)
            for key, limits in scopes
        )

    def check(self, spend: Spend, scopes: Iterable[Scope]) -> DeclineReason | None:
        """What any of the scopes has against a spend, the highest on the ladder; nothing is taken."""
        return first(self._counters[key].check(spend, limits) for key, limits in scopes)

    def take(self, spend: Spend) -> None:
        """Count a spend in every scope that it counts in, checked there or not."""
        for key in keys_of(spend):
            if key in self._counters:
                self._counters[key].take(spend)

    def follow(self, before: Spend, after: Spend) -> None:
        """Count from now on as ``after`` what counted as ``before``."""
        for key in keys_of(after):
            if key in self._counters:
                self._counters[key].follow(before, after)

    def compact(self, now_ns: int) -> None:
        """Forget the windows that are closed for good at ``now_ns``; no decision depends on it."""
        self._counters = {key: compact(counters, now_ns) for key, counters in self._counters.items()}

    def size(self) -> int:
        """How many figures are kept."""
        return sum(counters.size() for counters in self._counters.values())
