"""Clearing files in bad weather: records are missing, come twice, belong to nothing, or say another amount.

A missing record comes in the next day's file. A doubled one is the same to the letter, in the same file or in the next.
One that belongs to nothing names a real card and an authorization that nobody ever asked for. *Observed*: the engine
answered the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from engine.interface import Presentment
from simulators.actors.clearing import Clearing
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Weather
from simulators.kernel import Kernel

STRAY_MOST_CENTS = 3_000
AMOUNT_DRIFT = 0.2
CURRENCY_DRIFT = 0.05
"""By how much amounts are off at most, as a share."""


class StormyClearing(Clearing):
    """A :class:`Clearing` whose files are struck."""

    def __init__(self, weather: Weather, kernel: Kernel, *others: Any) -> None:
        super().__init__(kernel, *others)
        self._weather = weather
        self._tomorrow: list[tuple[str, Presentment]] = []
        self._done: list[tuple[FaultKind, str]] = []
        self._told: set[str] = set()
        self._stray = count(1)

    def _send_batch(self, day: int, file_id: str, start: int, rows: list[tuple[Any, ...]]) -> Iterator[Any]:
        yield from super()._send_batch(day, file_id, start, rows)
        done, self._done = self._done, []
        for kind, ref in done:
            self._weather.observed(kind, ref)

    def _compose(self, day: int, rows: list[tuple[Any, ...]]) -> tuple[list[str], list[Presentment]]:
        weather, name = self._weather, self._settings.name
        kept = []
        for row in rows:
            if weather.strike(FaultKind.CLEARING_MISSING, name) is None:
                kept.append(row)
            else:
                self._did(FaultKind.CLEARING_MISSING, f"{row[0]}.{row[5]}")
                self._add(day + 1, *row)
        pairs, self._tomorrow = self._tomorrow, []
        pairs += zip(*super()._compose(day, kept), strict=True)
        pairs = self._drifted(pairs)
        for account_id, presentment in list(pairs):
            if (blow := weather.strike(FaultKind.CLEARING_DUPLICATE, name)) is not None:
                self._did(FaultKind.CLEARING_DUPLICATE, presentment.presentment_id)
                (pairs if blow.stream.bernoulli(0.5) else self._tomorrow).append((account_id, presentment))
            if (blow := weather.strike(FaultKind.CLEARING_UNMATCHED, name)) is not None:
                pairs.append(
                    (account_id, self._unmatched(presentment.card_id, blow.stream.integers(1, STRAY_MOST_CENTS)))
                )
        return [account_id for account_id, _ in pairs], [presentment for _, presentment in pairs]

    def _unmatched(self, card_id: str, cents: int) -> Presentment:
        ref = f"stray-{self._settings.name}-{next(self._stray)}"
        self._did(FaultKind.CLEARING_UNMATCHED, ref)
        return Presentment(f"{ref}.1", ref, card_id, self._settings.name, cents)

    def _drifted(self, pairs: list[tuple[str, Presentment]]) -> list[tuple[str, Presentment]]:
        """The same records, some or all at another amount. One that was presented before keeps what it said."""
        weather, name = self._weather, self._settings.name
        rate = None
        if (blow := weather.strike(FaultKind.CLEARING_CURRENCY_DRIFT, name)) is not None and pairs:
            rate = 1 + CURRENCY_DRIFT * (2 * blow.stream.uniform() - 1)
            self._did(FaultKind.CLEARING_CURRENCY_DRIFT, f"{len(pairs)} records at {rate:.4f}")
        found = []
        for account_id, presentment in pairs:
            ref, cents = presentment.presentment_id, presentment.amount_cents
            if ref in self._told:
                found.append((account_id, presentment))
                continue
            if rate is not None:
                cents = max(round(cents * rate), 1)
            if (blow := weather.strike(FaultKind.CLEARING_AMOUNT_DRIFT, name)) is not None:
                cents = max(round(cents * (1 + AMOUNT_DRIFT * (2 * blow.stream.uniform() - 1))), 1)
                self._did(FaultKind.CLEARING_AMOUNT_DRIFT, ref)
            self._told.add(ref)
            found.append((account_id, replace(presentment, amount_cents=cents)))
        return found

    def _did(self, kind: FaultKind, ref: str) -> None:
        self._weather.injected(kind, ref)
        self._done.append((kind, ref))
