"""The purchases of a run, as columns: what a trace file holds, and what the world replays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from simulators.settings import NETWORKS

MERCHANT_DECIDES = -1  # authorized_cents: the merchant's habit (tips, pump holds) decides what is asked
CARD_DECIDES = -1  # network: the card that is swiped decides

_DTYPES = {
    "at_ns": np.int64,
    "cardholder": np.int32,
    "merchant": np.int32,
    "amount_cents": np.int64,
    "authorized_cents": np.int64,
    "network": np.int8,
}


@dataclasses.dataclass(frozen=True, slots=True)
class MerchantRow:
    """One till: its id, its merchant category code (4 digits) and the category that reports group it under."""

    id: str
    mcc: str
    category: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class PurchasePlan:
    """Purchases sorted by time, one per row; ties keep the order in which they came. 33 bytes a row.

    at_ns             int64  UTC, nanoseconds since 1970-01-01
    cardholder        int32  index into `cardholders`
    merchant          int32  index into `merchants`
    amount_cents      int64  what the purchase finally costs, US cents, positive
    authorized_cents  int64  what is asked at authorization, US cents; -1: the merchant's habit decides
    network           int8   index into NETWORKS; -1: the card decides

    The columns are read-only. Raises ValueError where they contradict each other or are not sorted
    (`PurchasePlan.of` sorts). Two plans are equal when all columns and both tables are.
    """

    at_ns: np.ndarray
    cardholder: np.ndarray
    merchant: np.ndarray
    amount_cents: np.ndarray
    authorized_cents: np.ndarray
    network: np.ndarray
    cardholders: tuple[str, ...]
    merchants: tuple[MerchantRow, ...]

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            column = np.asarray(getattr(self, name))
            if column.dtype != dtype or column.ndim != 1:
                raise ValueError(
                    f"{name} is {column.dtype} with {column.ndim} dimensions, not a {np.dtype(dtype)} column"
                )
            if len(column) != len(self.at_ns):
                raise ValueError(f"{name} has {len(column)} rows, at_ns has {len(self.at_ns)}")
            column = column.view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        if not len(self.at_ns):
            return
        _check_range("at_ns", self.at_ns, 0, 2**63 - 1)
        if (np.diff(self.at_ns) < 0).any():
            raise ValueError("at_ns is not sorted; PurchasePlan.of sorts")
        _check_range("cardholder", self.cardholder, 0, len(self.cardholders) - 1)
        _check_range("merchant", self.merchant, 0, len(self.merchants) - 1)
        _check_range("network", self.network, CARD_DECIDES, len(NETWORKS) - 1)
        _check_range("amount_cents", self.amount_cents, 1, 2**63 - 1)
        if ((self.authorized_cents < 1) & (self.authorized_cents != MERCHANT_DECIDES)).any():
            raise ValueError("authorized_cents is neither positive nor -1")

    @classmethod
    def of(
        cls,
        at_ns: np.ndarray,
        cardholder: np.ndarray,
        merchant: np.ndarray,
        amount_cents: np.ndarray,
        cardholders: Sequence[str],
        merchants: Sequence[MerchantRow],
        authorized_cents: np.ndarray | None = None,
        network: np.ndarray | None = None,
    ) -> PurchasePlan:
        """A plan from rows in any order: sorts by time, stably. Integer columns of any width are accepted."""
        at_ns = np.asarray(at_ns, dtype=np.int64)
        given = {
            "cardholder": cardholder,
            "merchant": merchant,
            "amount_cents": amount_cents,
            "authorized_cents": np.full(len(at_ns), MERCHANT_DECIDES) if authorized_cents is None else authorized_cents,
            "network": np.full(len(at_ns), CARD_DECIDES) if network is None else network,
        }
        columns = {name: np.asarray(column).astype(_DTYPES[name], copy=False) for name, column in given.items()}
        if (np.diff(at_ns) < 0).any():
            order = np.argsort(at_ns, kind="stable")
            at_ns = at_ns[order]
            columns = {name: column[order] for name, column in columns.items()}
        return cls(at_ns=at_ns, cardholders=tuple(cardholders), merchants=tuple(merchants), **columns)

    def __len__(self) -> int:
        return len(self.at_ns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PurchasePlan):
            return NotImplemented
        same_tables = self.cardholders == other.cardholders and self.merchants == other.merchants
        return same_tables and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _DTYPES)

    __hash__ = None  # type: ignore[assignment]

    @property
    def nbytes(self) -> int:
        """Bytes of the columns (the id tables not counted)."""
        return sum(getattr(self, name).nbytes for name in _DTYPES)

    def rows(self, block: int = 65_536) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Rows as Python integers, in column order, converted a block at a time so that memory stays flat."""
        for start in range(0, len(self), block):
            yield from zip(*(getattr(self, name)[start : start + block].tolist() for name in _DTYPES), strict=True)

    def head(self, count: int) -> PurchasePlan:
        """The first `count` purchases (all of them if there are fewer)."""
        if count < 0:
            raise ValueError(f"count is {count}, not zero or more")
        return self._only(slice(0, count))

    def between(self, start_ns: int, end_ns: int) -> PurchasePlan:
        """The purchases with start_ns <= at_ns < end_ns."""
        first, last = np.searchsorted(self.at_ns, [start_ns, end_ns], side="left")
        return self._only(slice(first, max(first, last)))

    def shifted(self, delta_ns: int) -> PurchasePlan:
        """Every purchase `delta_ns` later (earlier where negative). Raises ValueError before 1970 or beyond int64."""
        if len(self):
            _check_instants(int(self.at_ns[0]) + delta_ns, int(self.at_ns[-1]) + delta_ns)
        return dataclasses.replace(self, at_ns=self.at_ns + np.int64(delta_ns))

    def starting_at(self, at_ns: int) -> PurchasePlan:
        """Moved as a whole, so that the first purchase falls on `at_ns`."""
        return self.shifted(at_ns - int(self.at_ns[0])) if len(self) else self

    def at_speed(self, factor: float | Fraction) -> PurchasePlan:
        """Played `factor` times as fast: the first purchase stays, every distance from it is divided by `factor`.

        Integer arithmetic on the nearest small fraction, so the order never changes. Raises ValueError unless
        0.000001 <= factor <= 1,000,000,000, or where slowing down leads beyond 64 bits.
        """
        if not 1e-6 <= factor <= 1e9:  # also refuses nan
            raise ValueError(f"speed is {factor}, not between 0.000001 and 1,000,000,000")
        if not len(self):
            return self
        # numerator * denominator stays under 2**62, so that nothing below overflows
        exact = Fraction(factor).limit_denominator(min(1_000_000, math.isqrt(int(2**62 / factor))))
        first = int(self.at_ns[0])
        _check_instants(first, first + int((int(self.at_ns[-1]) - first) / exact))
        whole, rest = np.divmod(self.at_ns - first, exact.numerator)
        gaps = whole * exact.denominator + rest * exact.denominator // exact.numerator
        return dataclasses.replace(self, at_ns=first + gaps)

    def compact(self) -> PurchasePlan:
        """The same purchases with tables that list only who takes part, in order of first appearance.

        Reading a file gives plans of this form, so `read_trace(write_trace(plan)) == plan.compact()`.
        """
        cardholder, cardholders = _renumber(self.cardholder, self.cardholders)
        merchant, merchants = _renumber(self.merchant, self.merchants)
        return dataclasses.replace(
            self, cardholder=cardholder, merchant=merchant, cardholders=cardholders, merchants=merchants
        )

    def _only(self, rows: slice) -> PurchasePlan:
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in _DTYPES})


def _renumber(codes: np.ndarray, table: tuple) -> tuple[np.ndarray, tuple]:
    used, first_seen = np.unique(codes, return_index=True)
    in_order = used[np.argsort(first_seen)]
    new_code = np.full(len(table), -1, dtype=np.int32)
    new_code[in_order] = np.arange(len(in_order), dtype=np.int32)
    return new_code[codes], tuple(table[old] for old in in_order.tolist())


def _check_range(name: str, column: np.ndarray, low: int, high: int) -> None:
    if column.min() < low or column.max() > high:
        raise ValueError(f"{name} goes from {column.min()} to {column.max()}, outside {low} to {high}")


def _check_instants(*instants: int) -> None:
    for instant in instants:
        if not 0 <= instant < 2**63:
            raise ValueError(f"{instant} ns is before 1970 or beyond 64 bits")
