"""A card network: carries authorizations to the engine and back, keeps a deadline, reverses what it gave up on."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from engine.domain.money import usdc6_of
from engine.interface import (
    AuthorizationAdvice,
    AuthorizationRequest,
    CardEngine,
    DisputeNotice,
    NotSupported,
    ReversalRequest,
)
from simulators.actors.clearing import LONGEST_RETRY_NS, Clearing
from simulators.actors.courses import PLAIN, Course
from simulators.actors.life import Lives
from simulators.kernel import Kernel, Trace
from simulators.settings import MS_NS, Network
from simulators.tap import Tap, Unanswered

ASK_AGAIN_NS = 250 * MS_NS
"""After an error the same request, under the same key, is sent again so much later, while the deadline permits."""


Told = AuthorizationRequest | AuthorizationAdvice | ReversalRequest | DisputeNotice
"""What a network tells an engine, other than files."""
Legs = tuple[Callable[[], int], Callable[[], int]]
"""How long the next message takes to the engine, and its answer back."""


class Swipe:
    """One purchase on its way: what is asked now, what will be presented, and how far it has come.

    ``presented_cents`` 0: nothing ever is; ``rest_cents`` is presented a day later. ``course``: what else befalls it.
    """

    __slots__ = (
        "account_id", "asked_cents", "authorization_id", "card_id", "course", "done",
        "mcc", "merchant_id", "presented_cents", "rest_cents", "reuses_key", "sent_ns", "timed_out",
    )  # fmt: skip

    def __init__(
        self, authorization_id: str, account_id: str, card_id: str, merchant_id: str, mcc: str,
        asked_cents: int, presented_cents: int, rest_cents: int = 0, course: Course = PLAIN,
    ) -> None:  # fmt: skip
        self.authorization_id = authorization_id
        self.account_id = account_id
        self.card_id = card_id
        self.merchant_id = merchant_id
        self.mcc = mcc
        self.asked_cents = asked_cents
        self.course = course
        self.presented_cents = presented_cents
        self.rest_cents = rest_cents
        self.sent_ns = 0
        self.done = self.timed_out = self.reuses_key = False


class CardNetwork:
    """One network. ``carry`` is started for every swipe; clearing and deadlines run by themselves."""

    def __init__(
        self, kernel: Kernel, tap: Tap, engine: CardEngine, trace: Trace, settings: Network
    ) -> None:  # fmt: skip
        self.name = settings.name
        self._kernel = kernel
        self._tap = tap
        self._engine = engine
        self._append = trace.append
        self._settings = settings
        stream = kernel.stream(f"network:{settings.name}")
        out, back = settings.to_engine, settings.from_engine
        self._out_ns = stream.lognormal_sampler(max(out.median_ns, 1), out.sigma)
        self._back_ns = stream.lognormal_sampler(max(back.median_ns, 1), back.sigma)
        self._chance = stream.uniform
        self._mistake = kernel.stream(f"reused keys:{settings.name}").uniform  # its own: most networks make none
        self._awaited: deque[Swipe] = deque()
        self._watch = kernel.env.event()
        self._legs: Legs = (self._out_ns, self._back_ns)
        self.clearing = Clearing(kernel, tap, engine, trace, settings)
        self.lives = Lives(kernel, self, trace, settings)

    def start(self) -> None:
        """Begin to watch deadlines and to clear."""
        self._kernel.process(self._deadlines(), f"{self.name} deadlines", daemon=True)
        self.clearing.start()

    # authorization

    def pass_over(self) -> None:
        """A swipe that was taken out: draw what it would have, so that the latencies of the others stay theirs."""
        self._out_ns()
        self._back_ns()
        if self._settings.repeat_share:
            self._chance()
        self._reuses()

    async def carry(self, swipe: Swipe) -> None:
        """Take a swipe to the engine and its answer back to the merchant.

        A task, unlike the other actors, which are SimPy processes: there is one for each swipe, and it mostly awaits
        the engine.
        """
        kernel, settings = self._kernel, self._settings
        sent_ns = swipe.sent_ns = kernel.now_ns
        self._expect(swipe)
        await kernel.delay_ns(self._out_ns() + settings.to_engine.floor_ns)
        request = self._request_of(swipe)
        if self._repeats():
            kernel.spawn(self._repeat(request), "repeat", daemon=True)
        answer = await self._tap.authorize(request)
        if isinstance(answer, Unanswered):
            answer = await self._ask_again(request, answer, sent_ns)
        await kernel.delay_ns(self._back_ns() + settings.from_engine.floor_ns)
        self._arrived(swipe, answer)

    def _request_of(self, swipe: Swipe) -> AuthorizationRequest:
        course = swipe.course
        return AuthorizationRequest(
            swipe.authorization_id, swipe.authorization_id, swipe.card_id, swipe.asked_cents, self.name,
            swipe.merchant_id, swipe.mcc, self._kernel.epoch_ns + swipe.sent_ns, course.kind, course.partial,
            course.presence, course.initiator,
        )  # fmt: skip

    async def _ask_again(self, request: AuthorizationRequest, answer: Any, sent_ns: int) -> Any:
        """The same request under the same key, as long as an answer can still be in time."""
        kernel = self._kernel
        while isinstance(answer, Unanswered) and kernel.now_ns + ASK_AGAIN_NS < sent_ns + self._settings.deadline_ns:
            await kernel.delay_ns(ASK_AGAIN_NS)
            answer = await self._tap.authorize(request)
        return answer

    def _repeats(self) -> bool:
        return bool(self._settings.repeat_share) and self._chance() < self._settings.repeat_share

    async def _repeat(self, request: AuthorizationRequest) -> None:
        """The same message a second time, as networks may send it; its answer has to be the same."""
        await self._kernel.delay_ns(self._settings.repeat_after_ns)
        await self._tap.authorize(request)

    def _reuses(self) -> bool:
        return bool(self._settings.reused_key_share) and self._mistake() < self._settings.reused_key_share

    async def _reuse(self, swipe: Swipe) -> None:
        """The key once more, with another amount: a mistake of the network's, whose only right answer is a refusal.

        The first answer has arrived, so nobody can take this request for the first. Whatever is answered, the merchant
        hears nothing of it.
        """
        kernel = self._kernel
        await kernel.delay_ns(self._settings.repeat_after_ns)
        sent_ns, other = kernel.now_ns, replace(self._request_of(swipe), amount_cents=swipe.asked_cents + 1)
        answer = await self._tap.authorize(other)
        result = answer.name if isinstance(answer, Unanswered) else "approved" if answer.approved else answer.reason
        self._append(
            (kernel.now_ns, "authorize.reused", swipe.authorization_id, swipe.account_id, self.name,
             other.amount_cents, 0, result, kernel.now_ns - sent_ns, "")
        )  # fmt: skip

    def _arrived(self, swipe: Swipe, answer: Any) -> None:
        now_ns = self._kernel.env.now
        swipe.done = True
        if isinstance(answer, Unanswered):
            kind, result, approved = "authorize.error", answer.name, False
            if not swipe.timed_out:  # what the engine did is unknown, and the merchant was told no
                self._kernel.process(self._reverse(swipe), f"reversal of {swipe.authorization_id}", daemon=True)
        else:
            kind, approved = "authorize", answer.approved
            if swipe.reuses_key:
                self._kernel.spawn(self._reuse(swipe), "reused key", daemon=True)
            result = "approved" if approved else answer.reason
        if swipe.timed_out:
            kind = "authorize.late"
        self._append(
            (now_ns, kind, swipe.authorization_id, swipe.account_id, self.name, swipe.asked_cents, 0, result,
             now_ns - swipe.sent_ns, "")
        )  # fmt: skip
        if approved and not swipe.timed_out:
            if answer.approved_cents < swipe.asked_cents:
                self._append(
                    (now_ns, "partial", swipe.authorization_id, swipe.account_id, self.name, answer.approved_cents, 0,
                     "approved", -1, "")
                )  # fmt: skip
            if swipe.course is not PLAIN:
                self.lives.begin(swipe, answer.approved_cents)
            elif swipe.presented_cents:
                self.clearing.approved(
                    swipe.authorization_id, swipe.account_id, swipe.card_id, swipe.presented_cents, swipe.rest_cents
                )

    def _expect(self, swipe: Swipe) -> None:
        self._awaited.append(swipe)
        swipe.reuses_key = self._reuses()
        if not self._watch.triggered:
            self._watch.succeed()

    def _deadlines(self) -> Iterator[Any]:
        """All swipes of a network have the same deadline, so the one sent first is due first."""
        env, awaited, deadline_ns = self._kernel.env, self._awaited, self._settings.deadline_ns
        while True:
            while awaited:
                swipe = awaited[0]
                left_ns = swipe.sent_ns + deadline_ns - env.now
                if not swipe.done and left_ns > 0:
                    yield env.timeout(left_ns)
                    continue
                awaited.popleft()
                if not swipe.done:
                    self._give_up(swipe)
            self._watch = env.event()
            yield self._watch

    def _give_up(self, swipe: Swipe) -> None:
        """Too late: the merchant hears a decline, and the engine a reversal until it answers one.

        Or the network decides by itself, and tells that.
        """
        swipe.timed_out = True
        now_ns = self._kernel.env.now
        stands_in = swipe.course.stand_in_cents >= 0
        said = self.lives.stand_in(swipe) if stands_in else "declined"
        self._append(
            (now_ns, "authorize.timeout", swipe.authorization_id, swipe.account_id, self.name, swipe.asked_cents, 0,
             said, now_ns - swipe.sent_ns, "")
        )  # fmt: skip
        if not stands_in:
            self._kernel.process(self._reverse(swipe), f"reversal of {swipe.authorization_id}", daemon=True)

    def _reverse(self, swipe: Swipe) -> Iterator[Any]:
        sent_ns = self._kernel.env.now
        request = ReversalRequest(
            f"{swipe.authorization_id}:reversal", swipe.authorization_id, swipe.card_id, self.name,
            self._kernel.utc_ns,
        )  # fmt: skip
        answer = yield from self.tell(request)
        now_ns = self._kernel.env.now
        released_cents = 0 if isinstance(answer, Unanswered) else answer.released_cents
        result = answer.name if isinstance(answer, Unanswered) else "released" if released_cents else "nothing_held"
        self._append(
            (now_ns, "reverse", swipe.authorization_id, swipe.account_id, self.name, swipe.asked_cents,
             usdc6_of(released_cents), result, now_ns - sent_ns, "")
        )  # fmt: skip

    # everything else that is told

    def tell(self, message: Told, legs: Legs | None = None) -> Iterator[Any]:
        """Ask until it is answered, or refused as not supported; returns the answer."""
        retry_ns = self._settings.reversal_retry_ns
        while True:
            answer = yield from self.ask(message, legs)
            if not isinstance(answer, Unanswered) or isinstance(answer.error, NotSupported):
                return answer
            yield self._kernel.env.timeout(retry_ns)
            retry_ns = min(2 * retry_ns, LONGEST_RETRY_NS)

    def ask(self, message: Told, legs: Legs | None = None) -> Iterator[Any]:
        """There and back once; returns the answer."""
        env, (out_ns, back_ns) = self._kernel.env, legs or self._legs
        yield env.timeout(out_ns() + self._settings.to_engine.floor_ns)
        answer = (yield self._kernel.call(self._exchange(message))).unwrap()
        yield env.timeout(back_ns() + self._settings.from_engine.floor_ns)
        return answer

    def _exchange(self, message: Told) -> Awaitable[Any]:
        tap, engine = self._tap, self._engine
        if isinstance(message, AuthorizationRequest):
            return tap.authorize(message)
        if isinstance(message, ReversalRequest):
            return tap.tell(message, engine.reverse)
        return tap.tell(message, engine.advise if isinstance(message, AuthorizationAdvice) else engine.dispute)
