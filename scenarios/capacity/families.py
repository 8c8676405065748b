"""The families of models that are held against each other, and what each makes of its free parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenarios.capacity.servers import BASE, BASE_SPREAD, BATCH, CLEARING, EACH, MANY, SPREAD, Draws, latencies

COLUMNS = ("batch_ms", "each_ms", "spread", "base_ms", "base_spread", "clearing_ms")
"""As the simulation has them."""
SERVERS = (1, 2, 4)
"""How many are tried."""


@dataclass(frozen=True, slots=True)
class Family:
    """``free``: the columns that are fitted; the others are 0. ``most``: swipes that are served together."""

    name: str
    about: str
    free: tuple[int, ...]
    most: int

    def full(self, logs: np.ndarray) -> np.ndarray:
        """All columns, (sets, 6), from the logarithms of the free ones, (sets, free)."""
        whole = np.zeros((len(logs), len(COLUMNS)))
        whole[:, self.free] = np.exp(logs)
        return whole

    def latencies(self, logs: np.ndarray, rates: np.ndarray, servers: int, drawn: Draws) -> np.ndarray:
        """As :func:`scenarios.capacity.servers.latencies`."""
        return latencies(self.full(np.atleast_2d(logs)), rates, servers, self.most, drawn)

    def capacity(self, logs: np.ndarray, servers: int) -> np.ndarray:
        """Arrivals a second, for each set, beyond which the queue grows without end."""
        whole = self.full(np.atleast_2d(logs))
        work_ms = whole[:, EACH] + whole[:, CLEARING] + whole[:, BATCH] / self.most
        return servers * 1_000 / work_ms


QUEUE = Family("queue", "one at a time, M/G/c with a queue before each server", (EACH, SPREAD, BASE, BASE_SPREAD), 1)
BATCHES = Family(
    "batch", "all that wait are served together, in a + b n", (BATCH, EACH, SPREAD, BASE, BASE_SPREAD), MANY
)
CLEARED = Family(
    "batch_clearing",
    "served together, and every half second the server has to clear",
    (BATCH, EACH, SPREAD, BASE, BASE_SPREAD, CLEARING),
    MANY,
)
FAMILIES: dict[str, Family] = {family.name: family for family in (QUEUE, BATCHES, CLEARED)}
