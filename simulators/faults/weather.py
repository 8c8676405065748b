"""The weather: asks the storms, at each occasion, whether it is struck; and counts.

*Injected*: decided and done. *Observed*: it met the engine; what that means for each kind is said where it is counted.
Both are ``fault`` rows of the trace.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence

from simulators.faults.kinds import FaultKind
from simulators.faults.plan import Storm
from simulators.kernel import Kernel, Trace
from simulators.kernel.ties import mixed
from simulators.settings import SECOND_NS

_NEVER_NS = 1 << 62
CALM_AROUND_NS = 30 * SECOND_NS
"""A call that leaves so long before a storm is through when it comes; what a storm did is done so long after it."""


class Draws:
    """Chance that depends on the second of virtual time, and on how many draws that second has seen.

    So what a swipe meets does not hang on how much was swiped before it, and taking out the rest leaves it its fault.
    """

    __slots__ = ("_drawn", "_kernel", "_second", "_seed")

    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel = kernel
        self._seed = kernel.stream(name).integers(0, 1 << 53)
        self._second = self._drawn = -1

    def uniform(self) -> float:
        """In [0, 1)."""
        second = self._kernel.now_ns // SECOND_NS
        if second != self._second:
            self._second, self._drawn = second, 0
        else:
            self._drawn += 1
        return (mixed(mixed(self._seed + second) + self._drawn) >> 11) / 2.0**53

    def bernoulli(self, probability: float) -> bool:
        """True with this probability."""
        return self.uniform() < probability

    def integers(self, low: int, high: int) -> int:
        """A whole number in [low, high)."""
        return low + int(self.uniform() * (high - low))

    def exponential_ns(self, mean_ns: float) -> int:
        """An exponential wait in whole nanoseconds."""
        return round(-math.log1p(-self.uniform()) * mean_ns)


class Blow:
    """One storm at work. ``left``: how often it may still strike; ``until_ns``: how long its last spell lasts;
    ``blows_ns``: until when what it has done may still come."""

    __slots__ = ("blows_ns", "left", "storm", "stream", "until_ns")

    def __init__(self, kernel: Kernel, storm: Storm) -> None:
        self.storm = storm
        self.stream = Draws(kernel, f"fault:{storm.index}")
        self.left = storm.most
        self.until_ns = 0
        self.blows_ns = storm.end_ns + CALM_AROUND_NS

    def about_ns(self) -> int:
        """A duration of about the storm's strength, at least a nanosecond."""
        return 1 + int(self.storm.strength_ns * (0.5 + self.stream.uniform()))


class Weather:
    """All storms of a run."""

    def __init__(self, kernel: Kernel, trace: Trace, storms: Sequence[Storm]) -> None:
        self._kernel = kernel
        self._append = trace.append
        self._blows: dict[FaultKind, list[Blow]] = {}
        self._to_come: list[tuple[FaultKind, str, Blow]] = []
        """All that are not over, with their groups."""
        self._at_work: dict[FaultKind, list[Blow]] = {}
        """Those whose time is now; right until ``_turns_ns``."""
        self._turns_ns = 0
        self._storm_ns: dict[str, int] = {}
        """By kind and by group, when the next storm comes that can still strike; 0 where one is on."""
        self._calm_until_ns: dict[tuple[str, ...], int] = {}
        """The same for all that was asked about together; right until ``_turns_ns``."""
        self._came: set[FaultKind] = set()
        for storm in storms:
            blow = Blow(kernel, storm)
            self._blows.setdefault(storm.kind, []).append(blow)
            self._to_come.append((storm.kind, storm.kind.group, blow))
            self._row(storm.kind, "planned", f"storm={storm.index} target={storm.target or 'all'}")

    def plans(self, *kinds: FaultKind) -> bool:
        """Whether a storm of any of these kinds is planned."""
        return any(kind in self._blows for kind in kinds)

    def plans_group(self, *groups: str) -> bool:
        """The same for whole groups (``network``, ``store``)."""
        return any(kind.group in groups for kind in self._blows)

    def storms(self, kind: FaultKind) -> list[Storm]:
        """The storms of a kind."""
        return [blow.storm for blow in self._blows.get(kind, ())]

    def strike(self, kind: FaultKind, target: str = "") -> Blow | None:
        """The storm of ``kind`` that strikes at this occasion, None where none does."""
        now_ns = self._kernel.now_ns
        if now_ns >= self._turns_ns:
            self._turn()
        blows = self._at_work.get(kind)
        if blows is None:
            return None
        for blow in blows:
            storm = blow.storm
            if now_ns >= storm.end_ns or (storm.target and target and storm.target != target):
                continue
            if blow.left and blow.stream.bernoulli(storm.probability):
                blow.left -= 1
                if not blow.left:  # it has spent itself
                    self._turns_ns, blow.blows_ns = 0, now_ns + CALM_AROUND_NS
                return blow
        return None

    def spell(self, kind: FaultKind, target: str = "", begins: Callable[[Blow], None] | None = None) -> Blow | None:
        """The storm whose spell is on now; an occasion may begin one, which then lasts about the storm's strength.

        A spell ends with its storm at the latest. ``begins`` is called when one begins, to count it.
        """
        now_ns = self._kernel.now_ns
        if now_ns >= self._turns_ns:
            self._turn()
        blows = self._at_work.get(kind)
        if blows is None:
            return None
        for blow in blows:
            storm = blow.storm
            if now_ns < blow.until_ns and (not storm.target or not target or storm.target == target):
                return blow
        blow = self.strike(kind, target)
        if blow is not None:
            blow.until_ns = min(now_ns + blow.about_ns(), blow.storm.end_ns)
            if begins is not None:
                begins(blow)
        return blow

    def calm(self, names: tuple[str, ...]) -> bool:
        """Whether no storm of these groups or kinds is on that can still strike, nor comes in a while."""
        now_ns = self._kernel.now_ns
        if now_ns >= self._turns_ns:
            self._turn()
        until_ns = self._calm_until_ns.get(names)
        if until_ns is None:
            storm_ns = min(self._storm_ns.get(name, _NEVER_NS) for name in names)
            until_ns = self._calm_until_ns[names] = storm_ns - CALM_AROUND_NS
        return now_ns <= until_ns

    def at_work(self) -> Container[FaultKind]:
        """The kinds of which a storm is on."""
        if self._kernel.now_ns >= self._turns_ns:
            self._turn()
        return self._at_work

    def over(self, *kinds: FaultKind) -> bool:
        """Whether no storm of these kinds will ever strike again."""
        now_ns = self._kernel.now_ns
        return not any(blow.left and now_ns < blow.storm.end_ns for kind in kinds for blow in self._blows.get(kind, ()))

    def _turn(self) -> None:
        """Look which storms are at work, and until when that stays so."""
        now_ns = self._kernel.now_ns
        turns_ns = _NEVER_NS
        self._at_work, self._calm_until_ns, storm_ns = {}, {}, {}
        self._to_come = [entry for entry in self._to_come if now_ns < max(entry[2].blows_ns, entry[2].until_ns)]
        for kind, group, blow in self._to_come:
            start_ns = blow.storm.start_ns
            if start_ns <= now_ns:
                self._at_work.setdefault(kind, []).append(blow)
                turns_ns = min(turns_ns, max(blow.blows_ns, blow.until_ns))
                storm_ns[kind] = storm_ns[group] = 0
                continue
            turns_ns = min(turns_ns, start_ns)
            if start_ns < storm_ns.get(kind, _NEVER_NS):
                storm_ns[kind] = start_ns
            if start_ns < storm_ns.get(group, _NEVER_NS):
                storm_ns[group] = start_ns
        self._storm_ns = storm_ns
        self._turns_ns = turns_ns

    # counting

    def injected(self, kind: FaultKind, what: str) -> None:
        """It was decided, and done to ``what``."""
        self._came.add(kind)
        self._row(kind, "injected", what)

    def observed(self, kind: FaultKind, what: str) -> None:
        """It met the engine."""
        self._row(kind, "observed", what)

    def skipped(self, kind: FaultKind, why: str) -> None:
        """It could not be done to this engine: nothing was injected, and that is held against nobody."""
        if kind in self._blows and kind not in self._came:
            self._row(kind, "skipped", why)

    def _row(self, kind: FaultKind, result: str, detail: str) -> None:
        self._append((self._kernel.now_ns, "fault", kind.value, "", "", 0, 0, result, -1, detail))
