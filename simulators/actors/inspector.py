"""Somebody who asks for balances while the world goes on, at instants at which nothing is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simulators.actors.cardholders import Cardholder
from simulators.kernel import Kernel
from simulators.settings import SECOND_NS
from simulators.tap import Tap

LOOK_AGAIN_NS = SECOND_NS // 4
LOOKS = 120
"""So often an instant is looked for before somebody is left out of a round."""


class Inspector:
    """Asks for everybody's balance, round by round."""

    def __init__(self, kernel: Kernel, tap: Tap, people: Sequence[Cardholder], every_ns: int) -> None:
        self._kernel = kernel
        self._tap = tap
        self._people = people
        self._every_ns = every_ns

    def asking(self) -> Iterator[Any]:
        """The process."""
        kernel, tap = self._kernel, self._tap
        while True:
            yield kernel.env.timeout(self._every_ns)
            for person in self._people:
                for _ in range(LOOKS):
                    if tap.is_quiet() and (yield kernel.call(tap.balance(person.account_id))).unwrap() is not None:
                        break
                    yield kernel.env.timeout(LOOK_AGAIN_NS)
