"""Ties: several things due at one instant, and who says which of them goes next.

A tie has a number, from 0 in the order in which the world meets them, and so many options, in FIFO order. Option 0 each
time is the order of a world that is not explored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulators.kernel.randomness import tie_seed

_MASK = (1 << 64) - 1


class Ties(Protocol):
    """Chooses at each tie. ``met`` is how many there were."""

    met: int

    def choose(self, options: int, now_ns: int) -> int:
        """Which of ``options`` (at least 2) goes next, from 0."""
        ...


class SeededTies:
    """The seed chooses. Each choice depends on the tie's number alone, so leaving one out shifts no other.

    ``until``: ties from this number on run first in, first out. ``only``: so do all but these.
    """

    def __init__(self, seed: int, until: int | None = None, only: frozenset[int] | None = None) -> None:
        self._seed = tie_seed(seed)
        self._until = until
        self._only = only
        self.met = 0

    def choose(self, options: int, now_ns: int) -> int:
        number = self.met
        self.met += 1
        if self._until is not None and number >= self._until:
            return 0
        if self._only is not None and number not in self._only:
            return 0
        return mixed(self._seed + number) % options


class ScriptedTies:
    """Takes the ``choices`` handed in, and FIFO order past their end. Remembers how many options each tie had.

    Only ties from ``from_ns`` until before ``until_ns`` count; all others run first in, first out.
    """

    def __init__(self, choices: Sequence[int], from_ns: int = 0, until_ns: int = 1 << 62) -> None:
        self._choices = choices
        self._from_ns = from_ns
        self._until_ns = until_ns
        self.options: list[int] = []

    @property
    def met(self) -> int:
        return len(self.options)

    def choose(self, options: int, now_ns: int) -> int:
        if not self._from_ns <= now_ns < self._until_ns:
            return 0
        number = len(self.options)
        self.options.append(options)
        return self._choices[number] if number < len(self._choices) else 0


def mixed(number: int) -> int:
    """SplitMix64: neighbours become unrelated."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
