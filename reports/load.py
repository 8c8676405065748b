"""The section of a load run: what was offered, what was sent, and whether the generator kept to its plan.

A run under virtual time has no such section: nothing there is ever sent late.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reports.counts import by_result
from reports.frames import Events
from reports.latency import NS_PER_MS, in_ms, summary
from reports.swipes import FAILED, Swipes
from reports.words import milliseconds, percent, plural

LATE_NS = 10 * NS_PER_MS
"""A swipe that its generator got to so much after its instant was sent late."""
SHED = "overloaded"
GENERATOR = "load.generator."
"""Budgets below here judge the generator, not the engine."""


def load_section(events: Events, swipes: Swipes) -> dict[str, object] | None:
    """Shares are of the swipes that were sent. ``shed``: refused as too much at once, and no error. None where the run
    was no load run.

    ``generator``: ``lag``, from the instant at which a swipe was meant to be sent to that at which the generator got
    to it; ``late``, by more than :data:`LATE_NS`; ``unsent``, left out because too many were in flight, and their
    share of all arrivals.
    """
    lag_ns, unsent = events.of("send").ints("latency_ns"), len(events.of("unsent"))
    if not len(lag_ns) and not unsent:
        return None
    sent, arrivals = len(swipes), len(swipes) + unsent
    shed = by_result(events, "authorize.error").get(SHED, 0)
    failed, missed = int((swipes.ending == FAILED).sum()) - shed, int(swipes.over.sum())
    repeats = by_result(events, "repeat")
    span_s = _span_s(swipes)
    lag = {f"lag_{name}": value for name, value in summary(lag_ns).items() if name != "count"}
    return {
        "arrivals": arrivals,
        "sent": sent,
        "offered_per_s": round(arrivals / span_s, 3) if span_s else 0.0,
        "answered_per_s": round((sent - failed - shed - missed) / span_s, 3) if span_s else 0.0,
        "errors": failed,
        "error_share": _share(failed, sent),
        "shed": shed,
        "shed_share": _share(shed, sent),
        "deadline_misses": missed,
        "deadline_miss_share": _share(missed, sent),
        "repeats": sum(repeats.values()),
        "generator": {
            **lag,
            "late": int((lag_ns > LATE_NS).sum()),
            "late_after_ms": in_ms(LATE_NS),
            "unsent": unsent,
            "unsent_share": _share(unsent, arrivals),
        },
    }


def _span_s(swipes: Swipes) -> float:
    if not len(swipes):
        return 0.0
    return max(int(np.ptp(swipes.sent_ns)) / 1e9, 1.0)


def _share(some: int, all_of_them: int) -> float:
    return round(some / all_of_them, 6) if all_of_them else 0.0


def with_meaning(check: dict[str, object]) -> dict[str, object]:
    """A failed check of the generator says what that means for all the others."""
    if check["ok"] or not str(check["name"]).startswith(GENERATOR):
        return check
    why = "the generator did not keep to its plan, so no figure of this run speaks for the engine"
    return {**check, "detail": f"{check['detail']}; {why}"}


def generator_note(section: Mapping[str, object]) -> tuple[str, str]:
    """The generator's lag and what it left out, in words."""
    own = section["generator"]
    note = f"{plural(own['late'], 'late send')}, {plural(own['unsent'], 'arrival')} not sent"
    return milliseconds(own["lag_p99_ms"]), note


def shares_note(section: Mapping[str, object]) -> tuple[str, str]:
    """Errors, and what was shed, in words."""
    note = f"{percent(section['shed_share'])} shed, {percent(section['deadline_miss_share'])} over the deadline"
    return percent(section["error_share"]), note
