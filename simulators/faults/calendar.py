"""Edges of the calendar: a run is moved, as a whole, so that its traffic goes over one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from simulators.faults.kinds import FaultKind
from simulators.faults.plan import Storm
from simulators.kernel.randomness import Stream
from simulators.settings import SECOND_NS, MerchantLike, Purchases, WorldSettings

EDGES = {
    "the end of a month of 31 days": datetime(2025, 8, 1, tzinfo=UTC),
    "the end of a month of 30 days": datetime(2025, 5, 1, tzinfo=UTC),
    "the end of a common February": datetime(2025, 3, 1, tzinfo=UTC),
    "the beginning of a leap day": datetime(2024, 2, 29, tzinfo=UTC),
    "the end of a leap day": datetime(2024, 3, 1, tzinfo=UTC),
    "the end of a year": datetime(2025, 1, 1, tzinfo=UTC),
    "the end of a leap year": datetime(2029, 1, 1, tzinfo=UTC),
    "spring in New York": datetime(2025, 3, 9, 7, tzinfo=UTC),
    "autumn in New York": datetime(2025, 11, 2, 6, tzinfo=UTC),
    "spring in Berlin": datetime(2025, 3, 30, 1, tzinfo=UTC),
    "autumn in Berlin": datetime(2025, 10, 26, 1, tzinfo=UTC),
    "midnight": datetime(2025, 1, 15, tzinfo=UTC),
}
"""UTC; what changes there."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """Purchases at other instants."""

    at_ns: np.ndarray
    cardholder: np.ndarray
    merchant: np.ndarray
    amount_cents: np.ndarray
    authorized_cents: np.ndarray
    network: np.ndarray
    cardholders: Sequence[str]
    merchants: Sequence[MerchantLike]

    def __len__(self) -> int:
        return len(self.at_ns)


def edge_of(settings: WorldSettings, storms: Sequence[Storm]) -> tuple[str, int, int]:
    """The edge, its UTC nanoseconds, and the start that puts it into the middle of the traffic; ("", 0, as it was)."""
    for storm in storms:
        if storm.kind is FaultKind.CALENDAR_EDGE:
            stream = Stream(settings.seed, f"fault edge:{storm.index}")
            name = stream.choice(tuple(EDGES))
            edge_ns = int(EDGES[name].timestamp()) * SECOND_NS
            before_ns = int(settings.traffic_ns * (0.3 + 0.4 * stream.uniform()))
            return name, edge_ns, edge_ns - before_ns // SECOND_NS * SECOND_NS
    return "", 0, settings.start_ns


def moved(
    settings: WorldSettings, purchases: Purchases | None, storms: Sequence[Storm]
) -> tuple[WorldSettings, Purchases | None]:
    """The same world, where its plan has an edge moved to it."""
    _, edge_ns, start_ns = edge_of(settings, storms)
    if not edge_ns:
        return settings, purchases
    if purchases is not None:
        columns = {name: getattr(purchases, name) for name in _Moved.__slots__}
        columns["at_ns"] = purchases.at_ns + (start_ns - settings.start_ns)
        purchases = _Moved(**columns)
    return replace(settings, start_ns=start_ns), purchases
