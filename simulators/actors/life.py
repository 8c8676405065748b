"""What follows on an authorization: increments, advices, partial reversals, voids; refunds and disputes of its sales.

One for each network. Everything is told until it is answered; an engine that does not offer it is not asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.domain.money import usdc6_of
from engine.interface import (
    AuthorizationAdvice,
    AuthorizationKind,
    AuthorizationRequest,
    CaptureOutcome,
    CaptureResult,
    DisputeNotice,
    DisputeOutcome,
    DisputeState,
    Presentment,
    ReversalRequest,
)
from simulators.actors.courses import Act, Contest, Deed, Refund
from simulators.kernel import Kernel, Trace
from simulators.settings import DAY_NS, HOUR_NS, Network
from simulators.tap import Unanswered

if TYPE_CHECKING:
    from simulators.actors.networks import CardNetwork, Swipe


class Lives:
    """The lives of the authorizations of one network, after they were approved."""

    def __init__(self, kernel: Kernel, network: CardNetwork, trace: Trace, settings: Network) -> None:
        self._kernel = kernel
        self._network = network
        self._append = trace.append
        self._settings = settings
        self._told: dict[str, int] = {}
        stream = kernel.stream(f"life:{settings.name}")
        self._legs = tuple(
            stream.lognormal_sampler(max(leg.median_ns, 1), leg.sigma)
            for leg in (settings.to_engine, settings.from_engine)
        )

    # what begins one

    def begin(self, swipe: Swipe, approved_cents: int) -> None:
        """It was approved: what its course says happens from here on."""
        if swipe.course.deeds:
            self._kernel.process(self._living(swipe, approved_cents), f"life of {swipe.authorization_id}", daemon=True)
        else:
            self._end(swipe, approved_cents, approved_cents < swipe.asked_cents, 0)

    def stand_in(self, swipe: Swipe) -> str:
        """The network decides in the issuer's stead; returns what the merchant hears."""
        approves = swipe.asked_cents <= swipe.course.stand_in_cents
        said = "approved" if approves else "declined"
        self._row("stand_in", swipe.authorization_id, swipe.account_id, swipe.asked_cents, 0, said, -1, "")
        self._kernel.process(
            self._standing_in(swipe, approves), f"stand-in for {swipe.authorization_id}", daemon=True
        )  # fmt: skip
        return said

    def force(self, swipe: Swipe) -> None:
        """The merchant never asks, and presents."""
        self._row(
            "force_post", swipe.authorization_id, swipe.account_id, swipe.presented_cents + swipe.rest_cents, 0,
            "unasked", -1, "",
        )  # fmt: skip
        self._present(swipe, swipe.presented_cents, swipe.rest_cents)

    def inquire(self, swipe: Swipe) -> None:
        """The cardholder asks what there is."""
        self._kernel.process(self._inquiring(swipe), f"inquiry before {swipe.authorization_id}", daemon=True)

    # the course

    def _living(self, swipe: Swipe, authorized_cents: int) -> Iterator[Any]:
        short = authorized_cents < swipe.asked_cents
        reversed_cents = 0
        for deed in swipe.course.deeds:
            yield self._kernel.env.timeout(deed.after_ns)
            if deed.act is Act.INCREMENT:
                more_cents = yield from self.increase(swipe, deed.cents, authorized_cents)
                short |= not more_cents
                authorized_cents += more_cents
            elif deed.act is Act.ADVISE:
                yield from self.advise(swipe, deed.cents)
                authorized_cents = deed.cents
            else:
                part_cents = min(deed.cents, authorized_cents - 1) if deed.act is Act.REVERSE_PART else 0
                if deed.act is Act.VOID or part_cents > 0:
                    yield from self.reverse(swipe, deed, part_cents)
                authorized_cents -= part_cents
                reversed_cents += part_cents
        self._end(swipe, authorized_cents, short, reversed_cents)

    def _end(self, swipe: Swipe, authorized_cents: int, short: bool, reversed_cents: int) -> None:
        """What is presented in the end. ``short``: the merchant got less than it asked for, and takes no more."""
        if swipe.course.voided or not swipe.presented_cents:
            return
        presented, rest = swipe.presented_cents, swipe.rest_cents
        if reversed_cents:
            presented, rest = max(presented + rest - reversed_cents, 1), 0
        if drift := swipe.course.drift_per_mille:
            presented = max(presented * (1_000 + drift) // 1_000, 1)
        if short and presented + rest > authorized_cents:
            presented, rest = authorized_cents, 0
        self._present(swipe, presented, rest)

    def _present(self, swipe: Swipe, cents: int, rest_cents: int) -> None:
        clearing, course = self._network.clearing, swipe.course
        if course.refund is not None or course.contest is not None:
            clearing.await_posting(f"{swipe.authorization_id}.1", lambda p, result: self._posted(swipe, p, result))
        clearing.approved(swipe.authorization_id, swipe.account_id, swipe.card_id, cents, rest_cents, course.days)

    def _standing_in(self, swipe: Swipe, approves: bool) -> Iterator[Any]:
        yield from self.advise(swipe, swipe.asked_cents if approves else 0)
        if approves:
            yield from self._living(swipe, swipe.asked_cents)

    # single messages; each returns when it is answered

    def increase(self, swipe: Swipe, cents: int, authorized_cents: int) -> Iterator[Any]:
        """Ask for more; returns by how much more is authorized.

        An approval that comes too late is no use to the merchant: the network then tells the amount that it was.
        """
        sent_ns = self._kernel.now_ns
        request = self._request(swipe, self._key(swipe, "increment"), AuthorizationKind.INCREMENTAL, cents)
        answer = yield from self._network.tell(request, self._legs)
        took_ns = self._kernel.now_ns - sent_ns
        self._row(
            "increment", swipe.authorization_id, swipe.account_id, cents, 0, _decision(answer), took_ns, ""
        )  # fmt: skip
        if isinstance(answer, Unanswered) or not answer.approved:
            return 0
        if took_ns <= self._settings.deadline_ns:
            return cents
        yield from self.advise(swipe, authorized_cents)
        return 0

    def advise(self, swipe: Swipe, cents: int) -> Iterator[Any]:
        """Tell what is authorized in all; 0: the network declined."""
        sent_ns = self._kernel.now_ns
        kind = swipe.course.kind
        advice = AuthorizationAdvice(
            self._key(swipe, "advice"), swipe.authorization_id, swipe.card_id, cents > 0, cents, self._network.name,
            swipe.merchant_id, swipe.mcc, self._kernel.utc_ns, kind, swipe.course.presence, swipe.course.initiator,
        )  # fmt: skip
        answer = yield from self._network.tell(advice, self._legs)
        silent = isinstance(answer, Unanswered)
        self._row(
            "advise", swipe.authorization_id, swipe.account_id, cents, 0 if silent else usdc6_of(answer.held_cents),
            answer.name if silent else answer.outcome, self._kernel.now_ns - sent_ns,
            f"approved={'yes' if cents else 'no'}",
        )  # fmt: skip

    def reverse(self, swipe: Swipe, deed: Deed, cents: int) -> Iterator[Any]:
        """Take a part back, or with 0 all of it."""
        sent_ns = self._kernel.now_ns
        request = ReversalRequest(
            self._key(swipe, str(deed.act)), swipe.authorization_id, swipe.card_id, self._network.name,
            self._kernel.utc_ns, cents,
        )  # fmt: skip
        answer = yield from self._network.tell(request, self._legs)
        silent = isinstance(answer, Unanswered)
        released_cents = 0 if silent else answer.released_cents
        result = answer.name if silent else "released" if released_cents else "nothing_held"
        self._row(
            "reverse", swipe.authorization_id, swipe.account_id, cents or swipe.asked_cents, usdc6_of(released_cents),
            result, self._kernel.now_ns - sent_ns, f"by=merchant part={'yes' if cents else 'no'}",
        )  # fmt: skip

    def _inquiring(self, swipe: Swipe) -> Iterator[Any]:
        sent_ns, ref = self._kernel.now_ns, f"{swipe.authorization_id}.balance"
        request = self._request(swipe, ref, AuthorizationKind.BALANCE_INQUIRY, 0, ref)
        answer = yield from self._network.ask(request, self._legs)
        available = 0 if isinstance(answer, Unanswered) else answer.available_cents or 0
        self._row(
            "inquire", ref, swipe.account_id, available, 0, _decision(answer), self._kernel.now_ns - sent_ns, ""
        )  # fmt: skip

    # once it is posted

    def _posted(self, swipe: Swipe, presentment: Presentment, result: CaptureResult) -> None:
        if result.outcome is not CaptureOutcome.POSTED or result.posted_cents <= 0:
            return
        course = swipe.course
        if course.contest is not None:
            cents = max(result.posted_cents * course.contest.per_mille // 1_000, 1)
            doing = self._contesting(swipe, presentment, course.contest, cents)
        else:
            doing = self._refunding(
                swipe, course.refund, max(result.posted_cents * course.refund.per_mille // 1_000, 1)
            )
        self._kernel.process(doing, f"after {presentment.presentment_id}", daemon=True)

    def _refunding(self, swipe: Swipe, refund: Refund, cents: int) -> Iterator[Any]:
        yield self._kernel.env.timeout((refund.days - 1) * DAY_NS + 12 * HOUR_NS)
        yield from self.refund(swipe, cents, refund.announced, refund.matched)

    def refund(self, swipe: Swipe, cents: int, announced: bool, matched: bool) -> Iterator[Any]:
        """Give money back, in tomorrow's file; where it is asked for and declined, not."""
        part = self._count(swipe, "refund")
        if announced:
            sent_ns, ref = self._kernel.now_ns, f"{swipe.authorization_id}.refund-{part}"
            request = self._request(swipe, ref, AuthorizationKind.REFUND, cents, ref)
            answer = yield from self._network.ask(request, self._legs)
            self._row(
                "refund.authorize", ref, swipe.account_id, cents, 0, _decision(answer),
                self._kernel.now_ns - sent_ns, "",
            )  # fmt: skip
            if not isinstance(answer, Unanswered) and not answer.approved:
                return
        self._network.clearing.refunded(swipe.authorization_id, swipe.account_id, swipe.card_id, cents, part, matched)

    def _contesting(self, swipe: Swipe, presentment: Presentment, contest: Contest, cents: int) -> Iterator[Any]:
        for state, step_ns in zip(contest.states, contest.steps_ns, strict=True):
            yield self._kernel.env.timeout(step_ns)
            if not (yield from self.dispute(swipe, presentment.presentment_id, state, cents)):
                return

    def dispute(self, swipe: Swipe, presentment_id: str, state: DisputeState, cents: int) -> Iterator[Any]:
        """A dispute reaches a state; returns whether the engine follows."""
        sent_ns, ref = self._kernel.now_ns, f"dispute-{presentment_id}"
        key = f"{ref}:{state}:{self._count(swipe, f'dispute-{state}')}"
        notice = DisputeNotice(
            key, ref, presentment_id, swipe.card_id, self._network.name, state, cents, self._kernel.utc_ns
        )
        answer = yield from self._network.tell(notice, self._legs)
        silent = isinstance(answer, Unanswered)
        self._row(
            "dispute", ref, swipe.account_id, cents, 0 if silent else usdc6_of(answer.credited_cents),
            answer.name if silent else answer.outcome, self._kernel.now_ns - sent_ns,
            f"state={state} presentment={presentment_id}",
        )  # fmt: skip
        return not silent and answer.outcome is DisputeOutcome.APPLIED

    # words

    def _request(
        self, swipe: Swipe, key: str, kind: AuthorizationKind, cents: int, authorization_id: str = ""
    ) -> AuthorizationRequest:
        return AuthorizationRequest(
            key, authorization_id or swipe.authorization_id, swipe.card_id, cents, self._network.name,
            swipe.merchant_id, swipe.mcc, self._kernel.utc_ns, kind, False, swipe.course.presence,
            swipe.course.initiator,
        )  # fmt: skip

    def _count(self, swipe: Swipe, what: str) -> int:
        """The how-manieth of its kind this is, of one authorization."""
        name = f"{swipe.authorization_id}:{what}"
        self._told[name] = count = self._told.get(name, 0) + 1
        return count

    def _key(self, swipe: Swipe, what: str) -> str:
        return f"{swipe.authorization_id}:{what}-{self._count(swipe, what)}"

    def _row(
        self, kind: str, ref: str, account_id: str, cents: int, usdc6: int, result: str, latency_ns: int, detail: str
    ) -> None:
        name = self._network.name
        self._append((self._kernel.now_ns, kind, ref, account_id, name, cents, usdc6, result, latency_ns, detail))


def _decision(answer: Any) -> str:
    if isinstance(answer, Unanswered):
        return answer.name
    return "approved" if answer.approved else answer.reason
