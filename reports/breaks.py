"""The differences of a leg, as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

BREAK_COLUMNS = ("kind", "ref", "account", "booked_on", "expected", "actual", "at_ns")

Described = Callable[[np.ndarray], Sequence[object] | np.ndarray]
"""Gives a column of the breaks at these keys."""


class Breaks:
    """Collects at which keys two sides differ; everything else about a break is asked for only where there are any."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, kind: str, where: np.ndarray, expected: np.ndarray, actual: np.ndarray) -> None:
        """One break of this kind for each key that is marked."""
        keys = np.flatnonzero(where)
        if len(keys):
            self._kinds += [kind] * len(keys)
            self._found.append((keys, expected[keys], actual[keys]))

    def frame(
        self, *, ref: Described, account: Described, booked_on: Described, at_ns: Described, **evidence: Described
    ) -> pd.DataFrame:
        """:data:`BREAK_COLUMNS` and the evidence, kind by kind in the order in which they were added."""
        if not self._found:
            return joined((), tuple(evidence))
        keys, expected, actual = (np.concatenate(columns) for columns in zip(*self._found, strict=True))
        columns = (self._kinds, ref(keys), account(keys), booked_on(keys), expected, actual, at_ns(keys))
        return pd.DataFrame(
            {
                **dict(zip(BREAK_COLUMNS, columns, strict=True)),
                **{name: described(keys) for name, described in evidence.items()},
            }
        )


def joined(parts: Sequence[pd.DataFrame], evidence: Sequence[str]) -> pd.DataFrame:
    """The parts below each other; without any, an empty table of these columns."""
    if not parts:
        return pd.DataFrame({name: [] for name in (*BREAK_COLUMNS, *evidence)})
    return pd.concat(parts, ignore_index=True)
