"""What a load run is, in full: what ``load.yaml`` says, and what every process of the run is given."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from scenarios.load import arrivals
from scenarios.load.profiles import DEADLINES_MS
from scenarios.load.traffic import Traffic, drawn, recorded
from scenarios.traces.read import read_trace

SHAPES = ("poisson", "ramp", "spike", "soak", "trace")
NS_PER_MS = 1_000_000
GIVE_UP_AFTER_MS = 10_000
"""How long after its deadline an answer is still waited for: what the engine decided then has to be known."""


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """``rate`` and ``peak`` are arrivals a second; ``speed`` is of a trace. ``connections`` and ``in_flight`` are
    bounds of the whole run; the workers share them. ``prefix`` begins every id, so that runs at one engine do not meet.
    """

    url: str
    rate: float
    duration_s: float
    shape: str = "poisson"
    seed: int = 1
    accounts: int = 50
    hot_card: bool = False
    profile: str = "stripe"
    workers: int = 0
    retry_share: float = 0.03
    connections: int = 256
    in_flight: int = 4_000
    peak: float = 0.0
    spike_at_s: float = 0.0
    spike_for_s: float = 0.0
    trace: str = ""
    speed: float = 1.0
    prefix: str = ""

    @property
    def deadline_ns(self) -> int:
        return DEADLINES_MS[self.profile] * NS_PER_MS

    @property
    def give_up_s(self) -> float:
        """After so many seconds without an answer, there will be none."""
        return (DEADLINES_MS[self.profile] + GIVE_UP_AFTER_MS) / 1_000

    @property
    def processes(self) -> int:
        """How many send."""
        return max(self.workers, 1)

    @property
    def name(self) -> str:
        return f"load-{self.shape}{'-hot' if self.hot_card else ''}"

    def course(self) -> arrivals.Course:
        """Raises ValueError where the figures contradict each other."""
        if self.shape == "ramp":
            return arrivals.ramp(self.rate, self.duration_s)
        if self.shape == "spike":
            return arrivals.spike(self.rate, self.peak, self.duration_s, self.spike_at_s, self.spike_for_s)
        if self.shape == "soak":
            return arrivals.soak(self.rate, self.duration_s)
        return arrivals.steady(self.rate, self.duration_s)

    def traffic(self) -> Traffic:
        """All arrivals, the same in every process. Raises ValueError, TraceError."""
        if self.shape == "trace":
            plan = read_trace(self.trace)
            at_ns = arrivals.replayed(plan.at_ns, self.speed, self.duration_s or None)
            return recorded(plan, at_ns, self.seed, self.accounts, retry_share=self.retry_share)
        at_ns = arrivals.poisson(self.course(), self.seed)
        return drawn(at_ns, self.seed, self.accounts, hot_card=self.hot_card, retry_share=self.retry_share)

    def write(self, file: Path, **more: object) -> None:
        """For the processes of the run; never the API key."""
        file.write_text(json.dumps({"spec": asdict(self), **more}), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> tuple[LoadSpec, dict[str, int]]:
        """And what else was written with it."""
        found = json.loads(file.read_text(encoding="utf-8"))
        return cls(**found.pop("spec")), found
