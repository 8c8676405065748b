"""The limits of an account, of its cards and of its mandates, held against one spend together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.domain.counters import Counters
from engine.domain.decline import DeclineReason
from engine.domain.limits import Spend, first
from engine.domain.terms import LimitTerms


class Scope(NamedTuple):
    """Limits, and whose spends count in them: those of ``card_ids``, or of every card of the account (None).

    For a card these are its own id and those of the cards that it replaces, where the policy lets it inherit their
    counters; for a mandate all cards that ever spent under it. ``key`` names the scope within its account.
    """

    key: str
    limits: LimitTerms
    card_ids: frozenset[str] | None = None

    def counts(self, card_id: str) -> bool:
        """Whether this card's spends count here."""
        return self.card_ids is None or card_id in self.card_ids


class Tally:
    """The counters of one account by scope, made from all of its spends.

    It keeps no spends. Where it :meth:`knows` a scope no more, or not yet, it has to be made again, with that one too.
    """

    def __init__(self, scopes: Iterable[Scope], spends: Sequence[Spend] = ()) -> None:
        self.scopes = {scope.key: scope for scope in scopes}
        self._counters = {
            key: Counters(scope.limits, (spend for spend in spends if scope.counts(spend.card_id)))
            for key, scope in self.scopes.items()
        }

    def knows(self, scopes: Iterable[Scope]) -> bool:
        """Whether each of these can be checked: the same cards, in the same windows."""
        return all(
            scope.key in self.scopes
            and scope.card_ids == self.scopes[scope.key].card_ids
            and self._counters[scope.key].fits(scope.limits)
            for scope in scopes
        )

    def check(self, spend: Spend, scopes: Iterable[Scope]) -> DeclineReason | None:
        """What any of the scopes has against a spend, the highest on the ladder; nothing is taken."""
        return first(self._counters[scope.key].check(spend, scope.limits) for scope in scopes)

    def take(self, spend: Spend) -> None:
        """Count a spend in every scope that counts its card, checked there or not."""
        for key, scope in self.scopes.items():
            if scope.counts(spend.card_id):
                self._counters[key].take(spend)

    def follow(self, before: Spend, after: Spend) -> None:
        """Count from now on as ``after`` what counted as ``before``: some of it came back, in every scope alike."""
        for key, scope in self.scopes.items():
            if scope.counts(before.card_id):
                self._counters[key].adjust(
                    before.counted_at_ns,
                    after.counted_cents - before.counted_cents,
                    after.count - before.count,
                    after.lifetime_cents - before.lifetime_cents,
                )
