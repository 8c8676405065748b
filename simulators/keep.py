"""What of a world is kept, where a failure has been shrunk to the part that matters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keep:
    """None keeps everything. Who and what goes was drawn all the same, so the rest stays as it was drawn.

    ``swipes``: rows of the traffic, from 0. ``cardholders``: account ids. ``steps``: of the script, from 0, as written.
    ``traffic_ns``: no swipe or step after it, and the drain begins there. ``ties_until``: of a world that is explored,
    only so many ties are shuffled, and the rest run first in, first out; ``ties``: only these are, by their number.
    ``choices``: instead of the seed, these say who goes next at each tie while traffic goes on.
    Latencies are drawn as messages travel: those of a network stay in step, those of stores may move to another call.
    """

    swipes: frozenset[int] | None = None
    cardholders: frozenset[str] | None = None
    steps: frozenset[int] | None = None
    traffic_ns: int | None = None
    ties_until: int | None = None
    ties: frozenset[int] | None = None
    choices: tuple[int, ...] | None = None

    def swipe(self, row: int, account_id: str) -> bool:
        """Whether this row of the traffic is swiped."""
        return (self.swipes is None or row in self.swipes) and self.cardholder(account_id)

    def cardholder(self, account_id: str) -> bool:
        """Whether this person is there at all."""
        return self.cardholders is None or account_id in self.cardholders

    def step(self, index: int, account_id: str, at_ns: int) -> bool:
        """Whether this step of the script is done."""
        in_time = self.traffic_ns is None or at_ns < self.traffic_ns
        return in_time and (self.steps is None or index in self.steps) and self.cardholder(account_id)

    def traffic_of(self, whole_ns: int) -> int:
        """How long traffic goes on."""
        return whole_ns if self.traffic_ns is None else min(whole_ns, self.traffic_ns)


EVERYTHING = Keep()
