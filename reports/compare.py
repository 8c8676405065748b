"""Two reports side by side: what became worse, past a tolerance."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.leaves import leaves
from reports.words import figure

Direction = Literal["lower", "higher", "neither"]

DIRECTIONS: tuple[tuple[str, Direction], ...] = (
    ("latency.*.count", "neither"),
    ("latency.*_ms", "lower"),
    ("latency.*.over_deadline", "lower"),
    ("load.error*", "lower"),
    ("load.shed*", "lower"),
    ("load.deadline_miss*", "lower"),
    ("load.answered_per_s", "higher"),
    ("settlement.lag_count", "neither"),
    ("settlement.lag_*", "lower"),
    ("settlement.gas_*", "lower"),
    ("settlement.outstanding_usdc6", "lower"),
    ("settlement.receivable_usdc6", "lower"),
    ("settlement.reverted", "lower"),
    ("settlement.burned_early", "lower"),
    ("reconciliation.*.breaks", "lower"),
    ("reconciliation.*.unexplained", "lower"),
    ("counts.timeouts", "lower"),
    ("counts.errors", "lower"),
    ("counts.late", "lower"),
    ("counts.stand_in", "lower"),
    ("counts.findings", "lower"),
    ("counts.crashes", "lower"),
    ("findings.*", "lower"),
    ("throughput.simulated_per_wall_s", "higher"),
    ("run.wall_seconds", "lower"),
    ("run.cpu_seconds", "lower"),
    ("run.peak_rss_mib", "lower"),
)
"""Which way is worse, by pattern; the first that fits counts. Everything else is shown and never judged:
fewer approvals may be right, more matches may only be more traffic."""

NOISY = ("run.wall_seconds", "run.cpu_seconds", "run.peak_rss_mib", "throughput.simulated_per_wall_s")
"""Figures of the machine, not of the engine: shown with their direction, judged only where a tolerance names them."""

SECTIONS = ("counts", "throughput", "latency", "load", "settlement", "reconciliation", "findings", "faults", "run")
LEFT_OUT = ("run.seed", "run.start_utc_ns", "run.deadlines_ms.*", "reconciliation.breaks_left_out")


GONE = math.nan
"""Stands for a figure that a report does not have at all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both reports; None where a report does not have it or measured nothing."""

    path: str
    base: float | int | None
    new: float | int | None
    direction: Direction
    change_pct: float | None
    regressed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """``changes``: every figure. ``failed_checks``: (name, detail) of what fails now and did not before."""

    base: str
    new: str
    base_verdict: str
    new_verdict: str
    same_scenario: bool
    changes: tuple[Change, ...]
    failed_checks: tuple[tuple[str, str], ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """Figures that became worse past their tolerance, what moved most first."""
        found = [change for change in self.changes if change.regressed]
        return tuple(sorted(found, key=lambda change: -_size(change)))

    @property
    def regressions(self) -> tuple[str, ...]:
        """Everything that became worse, in words: checks first, then figures."""
        checks = (f"{name} failed: {detail}" for name, detail in self.failed_checks)
        return (*checks, *map(in_words, self.worse))

    @property
    def ok(self) -> bool:
        return not self.failed_checks and not self.worse


def compare(
    base: Mapping[str, object], new: Mapping[str, object], tolerance_pct: float | Mapping[str, float] = 5.0
) -> Comparison:
    """Set two reports side by side.

    ``tolerance_pct``: how much worse, in percent of the base, a figure may become (exactly that much is still allowed);
    one number for all, or by pattern (``{"latency.*": 10, "*": 5}``, the first pattern that fits counts). A figure that
    was 0 and should not be more regresses when it is more; so does one that was measured and no longer is. A check that
    held, or that was not there, and now fails is a regression at any tolerance.
    """
    before, after = figures(base), figures(new)
    changes = tuple(
        _change(path, before.get(path), after.get(path, GONE), tolerance_pct)
        for path in dict.fromkeys((*before, *after))
    )
    failed = {check["name"] for check in base["checks"] if not check["ok"]}
    broken = tuple((c["name"], c["detail"]) for c in new["checks"] if not c["ok"] and c["name"] not in failed)
    return Comparison(
        base=f"{base['run']['scenario']} {base['run']['id']}",
        new=f"{new['run']['scenario']} {new['run']['id']}",
        base_verdict=base["verdict"],
        new_verdict=new["verdict"],
        same_scenario=(base["run"]["scenario"], base["run"]["seed"]) == (new["run"]["scenario"], new["run"]["seed"]),
        changes=changes,
        failed_checks=broken,
    )


def figures(report: Mapping[str, object]) -> dict[str, float | int | None]:
    """Every figure of a report that is worth comparing, by dotted path."""
    chosen = {name: report[name] for name in SECTIONS if name in report}
    return {path: value for path, value in leaves(chosen) if not any(fnmatch.fnmatchcase(path, p) for p in LEFT_OUT)}


def direction_of(path: str) -> Direction:
    return next((way for pattern, way in DIRECTIONS if fnmatch.fnmatchcase(path, pattern)), "neither")


def _tolerance(path: str, tolerance_pct: float | Mapping[str, float]) -> float | None:
    if not isinstance(tolerance_pct, Mapping):
        return None if path in NOISY else float(tolerance_pct)
    for pattern, allowed in tolerance_pct.items():
        if fnmatch.fnmatchcase(path, pattern) and (path not in NOISY or pattern == path):
            return float(allowed)
    return None


def _change(path: str, base: float | None, new: float | None, tolerance_pct: float | Mapping[str, float]) -> Change:
    """``new`` is GONE where the new report has no such figure: nothing to judge, unlike None: not measured."""
    direction, allowed = direction_of(path), _tolerance(path, tolerance_pct)
    gone, new = new is GONE, None if new is GONE else new
    percent = (new - base) / abs(base) * 100 if base and new is not None else None
    regressed = False
    if direction != "neither" and allowed is not None and base is not None and not gone:
        worse = math.inf if new is None else new - base if direction == "lower" else base - new
        regressed = worse > 0 and worse * 100 > allowed * abs(base)
    return Change(path, base, new, direction, percent, regressed)


def _size(change: Change) -> float:
    return math.inf if change.change_pct is None else abs(change.change_pct)


def in_words(change: Change) -> str:
    """``latency.authorize.p99_ms: 81.2 ms became 120 ms (+47.8 %)``."""
    by = f" ({change.change_pct:+,.1f} %)" if change.change_pct is not None else ""
    return f"{change.path}: {figure(change.path, change.base)} became {figure(change.path, change.new)}{by}"
