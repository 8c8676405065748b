"""A card network in bad weather: what it sends may be lost, late, twice, overtaken; so may what comes back.

*Observed*, for what is lost on the way in: the reversal that followed from it was answered. For an answer that is lost
or late: the engine had answered. For the rest: the message reached the engine, late, twice or overtaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from engine.interface import AuthorizationAdvice, AuthorizationRequest, DisputeNotice, ReversalRequest
from simulators.actors.networks import CardNetwork, Legs, Swipe, Told
from simulators.faults.kinds import FaultKind
from simulators.faults.weather import Weather
from simulators.kernel import Kernel
from simulators.settings import MS_NS, SECOND_NS
from simulators.tap import Unanswered


class StormyNetwork(CardNetwork):
    """A :class:`CardNetwork` whose legs are struck."""

    def __init__(self, weather: Weather, kernel: Kernel, *others: Any) -> None:
        super().__init__(kernel, *others)
        self._weather = weather
        self._lost: dict[str, FaultKind] = {}
        """What took the request of an authorization, or a reversal of it, until its reversal was answered."""
        self._reversed: set[str] = set()
        self._held: list[asyncio.Future[None]] = []

    # authorizations

    async def carry(self, swipe: Swipe) -> None:
        swipe.sent_ns = self._kernel.now_ns
        self._expect(swipe)
        request = self._request_of(swipe)
        if self._repeats():
            self._kernel.spawn(self._repeat(request), "repeat", daemon=True)
        if blow := self._weather.strike(FaultKind.DUPLICATE, self.name):
            self._weather.injected(FaultKind.DUPLICATE, f"authorization {request.authorization_id}")
            self._kernel.spawn(self._duplicate(request, blow.about_ns()), "duplicate", daemon=True)
        if not await self._arrives(request):
            return
        answer = await self._tap.authorize(request)
        if isinstance(answer, Unanswered):
            answer = await self._ask_again(request, answer, swipe.sent_ns)
        if await self._comes_back(swipe, answer):
            self._arrived(swipe, answer)

    async def _duplicate(self, request: AuthorizationRequest, after_ns: int) -> None:
        await self._kernel.delay_ns(after_ns)
        await self._tap.authorize(request)
        self._weather.observed(FaultKind.DUPLICATE, f"authorization {request.authorization_id}")

    async def _arrives(self, request: AuthorizationRequest) -> bool:
        """The way in; False where the request is lost."""
        kernel, weather, ref = self._kernel, self._weather, request.authorization_id
        if lost := self._loses(ref):
            self._lost[ref] = lost
            return False
        delay_ns = self._out_ns() + self._settings.to_engine.floor_ns
        late = self._late(f"authorization {ref}")
        first = weather.strike(FaultKind.REVERSAL_FIRST, self.name)
        if first:
            weather.injected(FaultKind.REVERSAL_FIRST, ref)
            delay_ns += self._settings.deadline_ns + first.about_ns()
        await kernel.delay_ns(delay_ns + sum(late.values()))
        if blow := weather.strike(FaultKind.REORDER, self.name):
            await self._overtaken(ref, blow.about_ns())
        for kind in late:
            weather.observed(kind, f"authorization {ref}")
        if first and ref in self._reversed:
            weather.observed(FaultKind.REVERSAL_FIRST, ref)
        self._let_go()
        return True

    async def _overtaken(self, ref: str, at_most_ns: int) -> None:
        """Hold a message back until the next one of this network has passed."""
        self._weather.injected(FaultKind.REORDER, ref)
        turn = self._kernel.loop.create_future()
        self._held.append(turn)
        await asyncio.wait((turn,), timeout=at_most_ns / SECOND_NS)
        if turn.done():
            await self._kernel.delay_ns(MS_NS)
            self._weather.observed(FaultKind.REORDER, ref)
        else:
            self._held.remove(turn)

    def _let_go(self) -> None:
        """A message has passed: those that were held have been overtaken."""
        held, self._held = self._held, []
        for turn in held:
            turn.set_result(None)

    async def _comes_back(self, swipe: Swipe, answer: Any) -> bool:
        """The way back; False where the answer is lost."""
        weather, ref = self._weather, swipe.authorization_id
        if self._swallows(f"authorization {ref}", answer):
            return False
        delay_ns = self._back_ns() + self._settings.from_engine.floor_ns
        late = self._late(f"answer to {ref}")
        blow = weather.strike(FaultKind.LATE_ANSWER, self.name)
        if blow:
            weather.injected(FaultKind.LATE_ANSWER, ref)
            delay_ns += max(swipe.sent_ns + self._settings.deadline_ns - self._kernel.now_ns, 0) + blow.about_ns()
        await self._kernel.delay_ns(delay_ns + sum(late.values()))
        if not isinstance(answer, Unanswered):
            for kind in (*late, *((FaultKind.LATE_ANSWER,) if blow else ())):
                weather.observed(kind, f"answer to {ref}")
        return True

    # all else

    def ask(self, message: Told, legs: Legs | None = None) -> Iterator[Any]:
        """One attempt. What is lost is noticed by waiting as long as for any answer."""
        kernel, settings = self._kernel, self._settings
        env, (out_ns, back_ns) = kernel.env, legs or self._legs
        what, ref = _called(message)
        ends = isinstance(message, ReversalRequest | AuthorizationAdvice)
        if lost := self._loses(what):
            if ends:
                self._lost.setdefault(ref, lost)
            yield env.timeout(settings.deadline_ns)
            return _NOTHING_HEARD
        late = self._late(what)
        yield env.timeout(out_ns() + settings.to_engine.floor_ns + sum(late.values()))
        for kind in late:
            self._weather.observed(kind, what)
        self._let_go()
        if blow := self._weather.strike(FaultKind.DUPLICATE, self.name):
            self._weather.injected(FaultKind.DUPLICATE, what)
            kernel.process(self._tell_again(message, what, blow.about_ns()), f"duplicate {what}", daemon=True)
        answer = (yield kernel.call(self._exchange(message))).unwrap()
        if ends and not isinstance(answer, Unanswered):
            self._reversed.add(ref)
            if (kind := self._lost.pop(ref, None)) is not None:
                self._weather.observed(kind, f"authorization {ref}")
        if self._swallows(what, answer):
            yield env.timeout(settings.deadline_ns)
            return _NOTHING_HEARD
        yield env.timeout(back_ns() + settings.from_engine.floor_ns)
        return answer

    def _tell_again(self, message: Told, what: str, after_ns: int) -> Iterator[Any]:
        yield self._kernel.env.timeout(after_ns)
        yield self._kernel.call(self._exchange(message))
        self._weather.observed(FaultKind.DUPLICATE, what)

    # both

    def _loses(self, what: str) -> FaultKind | None:
        """What takes a message on its way in."""
        weather = self._weather
        for kind in (FaultKind.PARTITION, FaultKind.PARTITION_IN):
            if weather.spell(kind, self.name):
                weather.injected(kind, what)
                return kind
        if weather.strike(FaultKind.DROP_REQUEST, self.name):
            weather.injected(FaultKind.DROP_REQUEST, what)
            return FaultKind.DROP_REQUEST
        return None

    def _swallows(self, what: str, answer: Any) -> bool:
        """Whether an answer is lost on its way back; observed where there was one."""
        weather = self._weather
        if weather.spell(FaultKind.PARTITION, self.name):
            kind = FaultKind.PARTITION
        elif weather.spell(FaultKind.PARTITION_OUT, self.name):
            kind = FaultKind.PARTITION_OUT
        elif weather.strike(FaultKind.DROP_ANSWER, self.name):
            kind = FaultKind.DROP_ANSWER
        else:
            return False
        weather.injected(kind, what)
        if not isinstance(answer, Unanswered):
            weather.observed(kind, what)
        return True

    def _late(self, what: str) -> dict[FaultKind, int]:
        """By how much a message is late, by what; those in a clog all arrive when it ends."""
        weather, late = self._weather, {}
        if blow := weather.spell(FaultKind.CLOG, self.name):
            weather.injected(FaultKind.CLOG, what)
            late[FaultKind.CLOG] = max(blow.until_ns - self._kernel.now_ns, 0)
        if blow := weather.strike(FaultKind.DELAY, self.name):
            weather.injected(FaultKind.DELAY, what)
            late[FaultKind.DELAY] = blow.stream.exponential_ns(blow.storm.strength_ns)
        return late


class NothingHeard(Exception):
    """No answer came: the caller does not know whether anybody heard it."""


_NOTHING_HEARD = Unanswered(NothingHeard())


def _called(message: Told) -> tuple[str, str]:
    """A message in words, and what it is about."""
    if isinstance(message, DisputeNotice):
        return f"dispute {message.idempotency_key}", message.dispute_id
    ref = message.authorization_id
    if isinstance(message, ReversalRequest):
        return f"reversal {ref}", ref
    return f"{'advice' if isinstance(message, AuthorizationAdvice) else message.kind} {message.idempotency_key}", ref
