"""A chain watcher in bad weather: notices get lost, come late, twice, or in another order.

The watcher repeats a notice until it is answered. The steps of one account's withdrawal keep their order: each means
something only after the one before. *Observed*: the engine answered the notice, or its double.

There is no forged notice: the seam gives an engine nothing by which it could tell one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.interface import DepositNotice, WithdrawalNotice
from simulators.actors.watcher import ChainWatcher
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Weather
from simulators.kernel import Kernel
from simulators.tap import Unanswered


class NoticeLost(Exception):
    """Nobody answered a notice."""


class StormyWatcher(ChainWatcher):
    """A :class:`ChainWatcher` whose notices are struck."""

    def __init__(self, weather: Weather, kernel: Kernel, *others: Any) -> None:
        super().__init__(kernel, *others)
        self._weather = weather
        self._lost: set[str] = set()
        self._overtaking: set[str] = set()

    def _next(self) -> DepositNotice | WithdrawalNotice:
        waiting = self._notices
        if len(waiting) < 2 or not self._may_overtake(waiting[1], waiting[0]):
            return waiting[0]
        if self._weather.strike(FaultKind.NOTICE_REORDER) is not None:
            self._weather.injected(FaultKind.NOTICE_REORDER, f"{_ref(waiting[1])} before {_ref(waiting[0])}")
            waiting[0], waiting[1] = waiting[1], waiting[0]
            self._overtaking.add(_ref(waiting[0]))
        return waiting[0]

    @staticmethod
    def _may_overtake(later: DepositNotice | WithdrawalNotice, earlier: DepositNotice | WithdrawalNotice) -> bool:
        both_withdraw = isinstance(later, WithdrawalNotice) and isinstance(earlier, WithdrawalNotice)
        return not both_withdraw or later.account_id != earlier.account_id

    def _tell(self, notice: DepositNotice | WithdrawalNotice) -> Iterator[Any]:
        weather, env, ref = self._weather, self._kernel.env, _ref(notice)
        if (blow := weather.strike(FaultKind.NOTICE_DELAY)) is not None:
            weather.injected(FaultKind.NOTICE_DELAY, ref)
            yield env.timeout(blow.about_ns())
            weather.observed(FaultKind.NOTICE_DELAY, ref)
        lost = weather.strike(FaultKind.NOTICE_LOST)
        if lost is not None:
            weather.injected(FaultKind.NOTICE_LOST, ref)
            self._lost.add(ref)
            if lost.stream.bernoulli(0.5):
                return Unanswered(NoticeLost())
        if (blow := weather.strike(FaultKind.NOTICE_DUPLICATE)) is not None:
            weather.injected(FaultKind.NOTICE_DUPLICATE, ref)
            self._kernel.process(self._again(notice, blow.about_ns()), "notice told twice", daemon=True)
        answer = yield from super()._tell(notice)
        if lost is not None:  # the engine has heard it, and the watcher does not hear that
            return Unanswered(NoticeLost())
        if not isinstance(answer, Unanswered):
            for kind, refs in ((FaultKind.NOTICE_LOST, self._lost), (FaultKind.NOTICE_REORDER, self._overtaking)):
                if ref in refs:
                    refs.discard(ref)
                    weather.observed(kind, ref)
        return answer

    def _again(self, notice: DepositNotice | WithdrawalNotice, after_ns: int) -> Iterator[Any]:
        yield self._kernel.env.timeout(after_ns)
        answer = yield from super()._tell(notice)
        if not isinstance(answer, Unanswered):
            self._weather.observed(FaultKind.NOTICE_DUPLICATE, _ref(notice))


def _ref(notice: DepositNotice | WithdrawalNotice) -> str:
    return notice.deposit_id if isinstance(notice, DepositNotice) else notice.event_id
