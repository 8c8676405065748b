"""What a report needs to know about a run besides its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.interface import Terms

NOTICE_BOUND_NS = 5 * 60 * 1_000_000_000
"""How long after a chain event the engine may still not have been told of it: confirmations and the watcher's way."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run, as its runner saw it.

    ``start_utc_ns`` is the instant that ``at_ns`` 0 of the events stands for. ``budgets`` maps a dotted path into the
    report to the highest figure allowed there (``....min`` makes it the lowest). ``deadlines_ns`` is how long each
    network waits. ``command`` runs the same again. ``invariants`` are the numbers that were audited (``"I2"``).
    ``settlement_bound_ns`` is how long a captured unit may take to be burned; ``notice_bound_ns`` how long a chain
    event may take to reach the engine: nothing younger than that at the end of the run is held against it.
    ``gas_exact`` is False where the chain's node counts less gas than a chain would.
    """

    id: str
    scenario: str
    about: str
    seed: int
    engine: str
    version: str
    python: str
    trace_sha256: str
    virtual_seconds: float
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mib: float
    start_utc_ns: int = 0
    budgets: Mapping[str, float] = field(default_factory=dict)
    deadlines_ns: Mapping[str, int] = field(default_factory=dict)
    command: str = ""
    invariants: tuple[str, ...] = ()
    settlement_bound_ns: int = Terms().settlement_bound_ns
    notice_bound_ns: int = NOTICE_BOUND_NS
    gas_exact: bool = True
