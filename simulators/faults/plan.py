"""The plan: which faults a run has, when and how hard, drawn from the seed before anything happens.

Swarm: each run leaves out a random part of the kinds, so that rare combinations get their turn and one loud fault does
not drown the others. Each kind draws from a stream of its own, and so does each storm while it rages: neither a new
kind nor a storm taken out shifts what the others do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulators.faults.kinds import FaultKind, chosen
from simulators.kernel.randomness import Stream
from simulators.settings import HOUR_NS, MINUTE_NS, MS_NS, SECOND_NS, WorldSettings

SWARM_KEEPS = 0.5
"""Of the kinds, in each run."""


@dataclass(frozen=True, slots=True)
class Storm:
    """One spell of one fault.

    ``index`` names it: its random stream, and what ``WorldSettings.without_faults`` takes out. From ``start_ns`` until
    before ``end_ns`` (since the world began) each occasion is struck with ``probability``, at most ``most`` times.
    ``strength_ns`` is how long the thing typically lasts, where it lasts. ``target``: the network hit, "" is all.
    """

    index: int
    kind: FaultKind
    start_ns: int
    end_ns: int
    probability: float
    most: int
    strength_ns: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class _Climate:
    """How a kind usually comes: odds at each occasion, at most how often, how long, and over which part of the world.

    ``during``: ``traffic`` (a stretch of it), ``early`` (from somewhere in it to the healing), ``life`` (the same, or
    from its end), ``all`` (warm-up too).
    """

    probability: float
    most: int
    strength_ns: int
    during: str = "traffic"


_CLIMATES: dict[FaultKind, _Climate] = {
    FaultKind.DELAY: _Climate(0.4, 40, 400 * MS_NS),
    FaultKind.DROP_REQUEST: _Climate(0.15, 12, 0),
    FaultKind.DROP_ANSWER: _Climate(0.15, 12, 0),
    FaultKind.DUPLICATE: _Climate(0.3, 25, SECOND_NS),
    FaultKind.REORDER: _Climate(0.2, 10, 10 * SECOND_NS),
    FaultKind.PARTITION_IN: _Climate(0.05, 1, 40 * SECOND_NS),
    FaultKind.PARTITION_OUT: _Climate(0.05, 1, 40 * SECOND_NS),
    FaultKind.CLOG: _Climate(0.05, 1, 20 * SECOND_NS),
    FaultKind.LATE_ANSWER: _Climate(0.15, 8, 3 * SECOND_NS),
    FaultKind.REVERSAL_FIRST: _Climate(0.15, 8, 2 * SECOND_NS),
    FaultKind.CRASH: _Climate(0.012, 2, 4 * SECOND_NS, "life"),
    FaultKind.POWER_CUT: _Climate(0.012, 1, 10 * SECOND_NS, "life"),
    FaultKind.PAUSE: _Climate(0.012, 2, 2 * SECOND_NS, "life"),
    FaultKind.SLOW: _Climate(0.012, 1, 20 * SECOND_NS, "life"),
    FaultKind.STORE_SLOW: _Climate(0.1, 20, 150 * MS_NS, "life"),
    FaultKind.STORE_FAILED: _Climate(0.05, 10, 0, "life"),
    FaultKind.UNKNOWN_OUTCOME: _Climate(0.05, 10, 0, "life"),
    FaultKind.SERIALIZATION_CONFLICT: _Climate(0.1, 10, 5 * MS_NS, "life"),
    FaultKind.CACHE_FLUSH: _Climate(0.02, 2, 0),
    FaultKind.CACHE_FAILOVER: _Climate(0.02, 2, 0),
    FaultKind.CACHE_EVICT: _Climate(0.03, 5, 0),
    FaultKind.CLOCK_SKEW: _Climate(1.0, 1, 800 * MS_NS, "life"),
    FaultKind.CLOCK_STEP: _Climate(0.02, 3, 800 * MS_NS, "life"),
    FaultKind.CALENDAR_EDGE: _Climate(1.0, 1, 0, "all"),
    FaultKind.REORG: _Climate(0.5, 2, 0, "life"),
    FaultKind.RPC_UNKNOWN_OUTCOME: _Climate(0.9, 4, 0, "life"),
    FaultKind.RPC_DOWN: _Climate(0.1, 1, 4 * MINUTE_NS, "life"),
    FaultKind.STUCK_NONCE: _Climate(0.5, 1, 8 * MINUTE_NS, "life"),
    FaultKind.SKIPPED_NONCE: _Climate(0.5, 1, 8 * MINUTE_NS, "life"),
    FaultKind.FEE_SPIKE: _Climate(0.5, 1, 5 * MINUTE_NS, "life"),
    FaultKind.DROPPED_TRANSACTION: _Climate(0.9, 2, 0, "life"),
    FaultKind.PAUSED_CONTRACT: _Climate(0.5, 1, 4 * MINUTE_NS, "life"),
    FaultKind.TRANSFER_REFUSED: _Climate(0.7, 1, 3 * MINUTE_NS, "early"),
    FaultKind.NOTICE_LOST: _Climate(0.4, 10, 0, "early"),
    FaultKind.NOTICE_DUPLICATE: _Climate(0.4, 10, 10 * SECOND_NS, "early"),
    FaultKind.NOTICE_DELAY: _Climate(0.4, 10, 30 * SECOND_NS, "early"),
    FaultKind.NOTICE_REORDER: _Climate(0.5, 5, 0, "early"),
    FaultKind.CLEARING_MISSING: _Climate(0.05, 3, 0, "life"),
    FaultKind.CLEARING_DUPLICATE: _Climate(0.08, 5, 0, "life"),
    FaultKind.CLEARING_UNMATCHED: _Climate(0.05, 3, 0, "life"),
    FaultKind.CLEARING_AMOUNT_DRIFT: _Climate(0.1, 8, 0, "life"),
    FaultKind.CLEARING_CURRENCY_DRIFT: _Climate(0.5, 1, 0, "life"),
    FaultKind.DEEP_REORG: _Climate(0.5, 2, 0, "life"),
    FaultKind.SETTLEMENT_REFUSED: _Climate(0.5, 1, 20 * MINUTE_NS, "life"),
    FaultKind.PARTITION: _Climate(0.05, 1, 40 * SECOND_NS),
}

ALWAYS_ONE = frozenset({FaultKind.CLOCK_SKEW, FaultKind.CALENDAR_EDGE})
"""Of these a run has one storm at most: there is one clock, and one start."""
LATE_SHARE = 0.35
"""Of storms that may last to the end: they begin after the traffic, when files are cleared and captures settled."""
SPLIT = ("process", "store")
"""These come either with the traffic or after it."""
LATE_FORCE = 4
"""By how much likelier processes then die: there are fewer calls at which they can."""
TARGETED = frozenset(
    {FaultKind.PARTITION_IN, FaultKind.PARTITION_OUT, FaultKind.PARTITION, FaultKind.CLOG, FaultKind.DELAY}
)
"""These hit one network, or all of them."""


def plan_of(settings: WorldSettings) -> tuple[Storm, ...]:
    """The storms of a run, those of ``without_faults`` left out; the same seed gives the same.

    Raises ValueError for a kind that does not exist, and where everything would be healed before the traffic begins.
    """
    faults = settings.faults
    kinds = chosen(faults.kinds)
    if not kinds or not faults.storms:
        return ()
    healed_ns = healed_at_ns(settings)
    if healed_ns <= settings.warmup_ns:
        raise ValueError("faults would have to heal before the traffic begins: give the world a longer drain")
    storms: list[Storm] = []
    for kind in kinds:
        stream = Stream(settings.seed, f"fault plan:{kind}")
        if stream.bernoulli(1 - SWARM_KEEPS) and faults.swarm:
            continue
        for _ in range(1 if kind in ALWAYS_ONE else faults.storms):
            storms.append(_drawn(len(storms), kind, settings, healed_ns, stream))
    last_ns = healed_at_ns(settings, settings.keep.traffic_of(settings.traffic_ns))
    return tuple(
        replace(storm, end_ns=min(storm.end_ns, last_ns))
        for storm in storms
        if storm.index not in settings.without_faults
    )


def healed_at_ns(settings: WorldSettings, traffic_ns: int | None = None) -> int:
    """From this instant on, in ns since the world began, nothing is injected any more."""
    traffic_ns = settings.traffic_ns if traffic_ns is None else traffic_ns
    return settings.warmup_ns + traffic_ns + settings.drain_ns - settings.faults.heal_before_end_ns


def _drawn(index: int, kind: FaultKind, settings: WorldSettings, healed_ns: int, stream: Stream) -> Storm:
    climate = _CLIMATES[kind]
    begin_ns = 0 if climate.during == "all" else settings.warmup_ns
    end_ns = healed_ns
    if climate.during == "traffic":
        end_ns = min(settings.warmup_ns + settings.traffic_ns, healed_ns)
        span_ns = end_ns - begin_ns
        length_ns = int(span_ns * (0.2 + 0.6 * stream.uniform()))
        begin_ns += int((span_ns - length_ns) * stream.uniform())
        end_ns = begin_ns + length_ns
    force = 0.5 + 1.0 * stream.uniform()
    if climate.during in ("life", "early"):
        late = stream.bernoulli(LATE_SHARE) and climate.during == "life"
        begin_ns += settings.traffic_ns if late else int(min(settings.traffic_ns, HOUR_NS) * 0.3 * stream.uniform())
        force *= LATE_FORCE if late and kind.group == "process" else 1
        if not late and kind.group in SPLIT:
            end_ns = min(settings.warmup_ns + settings.traffic_ns, healed_ns)
    names = ["", *(network.name for network in settings.networks if network.share)]
    target = stream.choice(names)
    return Storm(
        index,
        kind,
        begin_ns,
        end_ns,
        min(climate.probability * force, 1.0),
        climate.most,
        int(climate.strength_ns * (0.5 + 1.0 * stream.uniform())),
        target if kind in TARGETED else "",
    )
