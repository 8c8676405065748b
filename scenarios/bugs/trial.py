"""One engine in one world under one seed, run to its end: what ran, what showed, what was said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.interface import CardEngine, EngineKit
from engine.services.engine import build
from scenarios.bugs.planting import Marks, planted
from scenarios.bugs.record import Bug
from scenarios.bugs.worlds import Way, resolved
from scenarios.resolve import Resolved
from simulators.auditor import Finding
from simulators.kernel import Chunk
from simulators.world import World

CUT_SHORT = "cut short"
KIND = 1
"""The column of the events table that says what a row is."""


class _Caught(Exception):
    """The alarm that was waited for has come."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``reached``: how often the changed lines ran. ``alarms``: the swipes sent when each invariant first alarmed.

    ``trace_sha256`` is "" where the engine brought the world down, and ``broke`` says how; CUT_SHORT where it ended
    soon after the alarm that its bug names: other alarms may be missing then.
    """

    seed: int
    swipes: int
    reached: int
    trace_sha256: str
    alarms: dict[str, int]
    broke: str = ""
    said: str = ""
    """The first alarm, in words."""
    crashes: int = 0
    """How often the engine raised what is no EngineError."""


def attempt(bug: Bug | None, world: str, seed: int, way: Way = Way.WHOLE) -> Trial:
    """Run the engine with ``bug`` in it, the right one for None."""
    marks = Marks()
    ready = resolved(world, seed, way)
    engine = planted(bug) if bug is not None else None

    def factory(kit: EngineKit) -> CardEngine:
        return build(kit) if engine is None else engine.build(kit, marks)

    crashes: list[str] = []

    def sink(chunk: Chunk) -> None:
        crashes.extend(kind for kind in chunk.columns[KIND] if kind == "crash")

    def look(_share: float, _swipes: int) -> None:
        if bug is not None and any(one.invariant == bug.invariant for one in world.findings):
            raise _Caught  # the rest of the run tells nothing more

    swipes = _swipes_by(ready, None)
    try:
        world = World(ready.settings, ready.purchases, factory, sink)
        trace_sha256 = world.run(look).trace_sha256
    except _Caught:
        world.end_early()
        trace_sha256 = CUT_SHORT
    except Exception as error:  # noqa: BLE001  a planted engine may break anything; that is its result, and is shown
        broke = f"{type(error).__name__}: {error}"
        return Trial(seed, swipes, marks.reached, "", {}, broke, crashes=len(crashes))
    firsts: dict[str, Finding] = {}
    for finding in sorted(world.findings, key=lambda one: one.at_ns):
        firsts.setdefault(finding.invariant, finding)
    alarms = {name: _swipes_by(ready, finding.at_ns) for name, finding in firsts.items()}
    said = next((f"{one.invariant}: {one.message}" for one in firsts.values()), "")
    return Trial(seed, swipes, marks.reached, trace_sha256, alarms, said=said, crashes=len(crashes))


def _swipes_by(ready: Resolved, at_ns: int | None) -> int:
    """How many swipes were begun up to this instant; all of them for None. At least one."""
    settings, purchases = ready.settings, ready.purchases
    scripted = [settings.start_ns + step.at_ns for step in settings.script if step.do == "swipe"]
    drawn = purchases.at_ns if purchases is not None else ()
    instants = np.sort(np.concatenate([np.asarray(scripted, dtype="int64"), np.asarray(drawn, dtype="int64")]))
    return max(int(np.searchsorted(instants, at_ns, "right")), 1) if at_ns is not None else len(instants)
