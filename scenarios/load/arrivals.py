"""When swipes are meant to be sent: seeded instants of an open model, in integer nanoseconds from the start.

Nobody waits for an answer before the next one is sent: cardholders do not know of each other. A shape is a course of
the rate over time; the arrivals are a Poisson process of that rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SECOND_NS = 1_000_000_000
RAMP_FROM = 0.1
"""The share of the full rate at which a ramp, or the warm-up of a soak, begins."""
SOAK_WARM_UP = 0.1
"""The share of a soak that is spent getting to the full rate."""
MOST = 20_000_000
"""More arrivals than this are not planned for one run."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many seconds in which the rate (arrivals a second) goes evenly from one figure to another."""

    seconds: float
    rate_from: float
    rate_to: float

    @property
    def expected(self) -> float:
        """How many arrivals to expect."""
        return self.seconds * (self.rate_from + self.rate_to) / 2


Course = tuple[Stretch, ...]


def steady(rate: float, seconds: float) -> Course:
    """The same rate throughout."""
    return (Stretch(seconds, rate, rate),)


def ramp(rate: float, seconds: float) -> Course:
    """From a tenth of the rate to the rate."""
    return (Stretch(seconds, rate * RAMP_FROM, rate),)


def spike(base: float, peak: float, seconds: float, at_s: float, for_s: float) -> Course:
    """``base``, from ``at_s`` on for ``for_s`` the ``peak`` at once, then ``base`` again. Raises ValueError where the
    spike does not lie within the run.
    """
    if not 0 <= at_s <= at_s + for_s <= seconds:
        raise ValueError(f"a spike from {at_s:g} s to {at_s + for_s:g} s does not lie within {seconds:g} s")
    after_s = seconds - at_s - for_s
    parts = (Stretch(at_s, base, base), Stretch(for_s, peak, peak), Stretch(after_s, base, base))
    return tuple(part for part in parts if part.seconds > 0)


def soak(rate: float, seconds: float) -> Course:
    """A ramp for a tenth of the time, then the rate for all the rest."""
    warm_s = seconds * SOAK_WARM_UP
    return (*ramp(rate, warm_s), *steady(rate, seconds - warm_s))


def poisson(course: Sequence[Stretch], seed: int) -> np.ndarray:
    """The arrivals of a course, sorted, each at or after 0 and before its end; the same for the same seed.

    By rescaling time: unit exponential gaps are laid along the integral of the rate, which is then inverted.
    """
    rng = np.random.default_rng([seed, 0xA1])
    total = sum(part.expected for part in course)
    if total > MOST:
        raise ValueError(f"{total:,.0f} arrivals are more than {MOST:,}")
    marks = _unit_arrivals(rng, total)
    instants, passed, start_s = [], 0.0, 0.0
    for part in course:
        mine = marks[(marks >= passed) & (marks < passed + part.expected)] - passed
        instants.append(start_s + _when(part, mine))
        passed += part.expected
        start_s += part.seconds
    at_ns = (np.concatenate(instants or [np.empty(0)]) * SECOND_NS).astype(np.int64)
    end_ns = int(start_s * SECOND_NS)
    return np.clip(np.sort(at_ns), 0, max(end_ns - 1, 0))


def _unit_arrivals(rng: np.random.Generator, total: float) -> np.ndarray:
    """Arrivals of rate 1 in [0, total)."""
    found, end = [], 0.0
    while end < total:
        gaps = rng.exponential(size=int(total - end) + 64)
        found.append(end + np.cumsum(gaps))
        end = float(found[-1][-1])
    marks = np.concatenate(found or [np.empty(0)])
    return marks[marks < total]


def _when(part: Stretch, marks: np.ndarray) -> np.ndarray:
    """The seconds into a stretch at which the integral of its rate reaches each mark."""
    slope = (part.rate_to - part.rate_from) / part.seconds
    if abs(slope) < 1e-12:
        return marks / part.rate_from if part.rate_from else marks
    root = np.sqrt(np.maximum(part.rate_from**2 + 2 * slope * marks, 0))
    return (root - part.rate_from) / slope


def replayed(at_ns: np.ndarray, speed: float, seconds: float | None = None) -> np.ndarray:
    """Recorded instants (sorted, UTC ns) from the first on, ``speed`` times as quick; ``seconds`` cuts off."""
    since_ns = np.asarray(at_ns, np.int64) - (int(at_ns[0]) if len(at_ns) else 0)
    found = (since_ns / speed).astype(np.int64) if speed != 1 else since_ns
    return found if seconds is None else found[found < int(seconds * SECOND_NS)]


def share(count: int, worker: int, workers: int) -> range:
    """Which of ``count`` arrivals one of ``workers`` sends: every one is somebody's, none is anybody else's."""
    return range(worker, count, workers)
