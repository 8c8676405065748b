"""Delta debugging: the least of a list that still does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def minimized(items: Sequence[Item], still: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """A part of ``items``, in order, for which ``still`` holds and from which no single one can be taken.

    ``still`` has to hold for all of ``items``, and is asked for less. Zeller's ddmin, by complements: halves are taken
    out first, then quarters, down to single ones.
    """
    kept = tuple(items)
    pieces = 2
    while kept:
        size = -(-len(kept) // pieces)
        for begin in range(0, len(kept), size):
            rest = kept[:begin] + kept[begin + size :]
            if still(rest):
                kept = rest
                pieces = max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(2 * pieces, len(kept))
    return kept
