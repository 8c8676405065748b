"""One dispatcher that keeps to the plan, and a greenlet for each exchange: open arrivals under gevent.

Nothing waits for an answer before the next arrival is due. An arrival is `ready` when its greenlet runs; if that is
late, the generator is slow. It is `sent` when it has a connection: if that is late, the engine holds them all.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from engine.wire import ROUTES, to_bytes
from scenarios.load import answers, arrivals
from scenarios.load.client import Client, Heard
from scenarios.load.messages import Messages
from scenarios.load.samples import Ending, Kind, Recorder
from scenarios.load.spec import LoadSpec
from scenarios.load.traffic import KEPT, RETRIED, REVERSED, TWIN, Traffic

SECOND_NS = 1_000_000_000
YIELD_EVERY = 8
"""A dispatcher that is behind lets the others run after so many arrivals."""
REVERSE_AFTER_NS = 200_000_000
CLEAR_AFTER_NS = SECOND_NS
"""How long after its approval a purchase is presented."""
CLEAR_EVERY_S = 0.5
BATCH = 200
DRAIN_S = 5.0
"""Beyond the time for which answers are waited for."""

AUTHORIZE, REVERSE, CAPTURE = ROUTES["authorize"], ROUTES["reverse"], ROUTES["capture"]
Heed = Callable[[str, int, int, str], None]
"""Told of each exchange: verb, nanoseconds from the intended instant to the answer, bytes, what went wrong or ""."""


class Generator:
    """The share of one worker. ``begin_ns``: the instant, on the monotonic clock, from which the arrivals count."""

    def __init__(
        self, spec: LoadSpec, traffic: Traffic, worker: int, client: Client, recorder: Recorder, heed: Heed,
        begin_ns: int, begin_utc_ns: int,
    ) -> None:  # fmt: skip
        self._spec, self._traffic, self._worker = spec, traffic, worker
        self._client, self._recorder, self._heed = client, recorder, heed
        self._begin_ns = begin_ns
        self._messages = Messages(traffic, spec.prefix, begin_utc_ns)
        self._places = BoundedSemaphore(max(spec.connections // spec.processes, 1))
        self._most = max(spec.in_flight // spec.processes, 1)
        self._open: dict[int, tuple[int, int, int, int, int]] = {}
        """Exchanges under way, by a number: kind, seq, intended, ready, sent."""
        self._numbers = iter(range(1 << 62))
        self._later: list[tuple[int, int, Kind, int]] = []
        self._to_clear: dict[str, list[tuple[int, int, int]]] = {}
        self._batches = 0
        self._to_come = True
        self._bug: BaseException | None = None
        self.due = self.sent = self.unsent = self.answered = 0

    def run(self) -> None:
        """Send everything, hear what comes back, and return when nothing more is to be expected."""
        others = [gevent.spawn(self._follow_up), gevent.spawn(self._clear)]
        self._dispatch()
        until_ns = time.monotonic_ns() + int((self._spec.give_up_s + DRAIN_S) * SECOND_NS)
        while (self._open or self._later) and not self._bug and time.monotonic_ns() < until_ns:
            gevent.sleep(0.02)
        self._to_come = False
        gevent.joinall(others, timeout=self._spec.give_up_s + DRAIN_S, raise_error=True)
        if self._bug:
            raise self._bug
        for kind, seq, intended, ready, sent in self._open.values():
            self._recorder.exchange(
                kind, Ending.SILENCE, seq, intended, ready, sent, time.monotonic_ns(), note="the run was over"
            )

    # ---- when -----------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        at_ns, fate, behind = self._traffic.at_ns, self._traffic.fate, 0
        for seq in arrivals.share(len(self._traffic), self._worker, self._spec.processes):
            intended = self._begin_ns + int(at_ns[seq])
            wait_ns = intended - time.monotonic_ns()
            if wait_ns > 0:
                gevent.sleep(wait_ns / SECOND_NS)
                behind = 0
            elif (behind := behind + 1) % YIELD_EVERY == 0:
                gevent.sleep(0)
            self.due += 1
            if len(self._open) >= self._most:
                self.unsent += 1
                now = time.monotonic_ns()
                self._recorder.exchange(Kind.UNSENT, Ending.SILENCE, seq, intended, now, 0, 0)
                continue
            self._start(Kind.AUTHORIZE, seq, intended)
            if fate[seq] == TWIN:
                self._start(Kind.TWIN, seq, intended)
            elif fate[seq] == RETRIED:
                self._at(intended + int(self._traffic.after_ns[seq]), Kind.RETRY, seq)

    def _at(self, when_ns: int, kind: Kind, seq: int) -> None:
        heapq.heappush(self._later, (when_ns, next(self._numbers), kind, seq))

    def _follow_up(self) -> None:
        """What follows an arrival, at its own intended instant. A reversal that is due is never left out."""
        while self._to_come or self._later:
            now = time.monotonic_ns()
            while self._later and self._later[0][0] <= now:
                intended, _, kind, seq = heapq.heappop(self._later)
                self._start(kind, seq, intended)
            gevent.sleep(min((self._later[0][0] - now) / SECOND_NS, 0.01) if self._later else 0.01)

    def _start(self, kind: Kind, seq: int, intended: int) -> None:
        """Counted from now on, so that the bound holds for what has not run yet."""
        number = next(self._numbers)
        self._open[number] = (kind, seq, intended, 0, 0)
        said = self._reverse if kind is Kind.REVERSE else self._authorize
        gevent.spawn(said, number, kind, seq, intended).link_exception(self._broke)

    def _broke(self, greenlet: gevent.Greenlet) -> None:
        """A bug of ours: nothing of this run is worth anything."""
        self._bug = self._bug or greenlet.exception

    # ---- what -----------------------------------------------------------------------------------------------------

    def _authorize(self, number: int, kind: Kind, seq: int, intended: int) -> None:
        ready = time.monotonic_ns()
        heard, sent, answered = self._exchange(
            number, kind, AUTHORIZE, self._messages.authorization_body(seq), seq, intended, ready
        )
        said = answers.decision(heard.body, self._messages.authorization_id(seq)) if heard.status == 200 else None
        if said is None:
            ending = self._ended_badly(kind, seq, intended, ready, sent, answered, heard)
            self._heed("authorize", answered - intended, len(heard.body), ending.name.lower())
        else:
            ending = Ending.ANSWERED
            self._recorder.exchange(
                kind, ending, seq, intended, ready, sent, answered, status=200, approved=said.approved,
                reason=said.reason, cents=said.cents, hold_expires=said.hold_expires, code=said.code,
            )  # fmt: skip
            self._heed("authorize", answered - intended, len(heard.body), "")
        del self._open[number]
        if kind is Kind.AUTHORIZE:
            self._go_on(seq, ending, said, answered, late=answered - intended > self._spec.deadline_ns)

    def _go_on(self, seq: int, ending: Ending, said: answers.Decision | None, answered: int, *, late: bool) -> None:
        """What the answer leads to. A decision that the processor had to do without is taken back at once."""
        fate = self._traffic.fate[seq]
        if ending in (Ending.PROBLEM, Ending.SILENCE) or (late and ending is not Ending.SHED):
            self._at(answered, Kind.REVERSE, seq)
        elif said is not None and said.approved and fate == REVERSED:
            self._at(answered + REVERSE_AFTER_NS, Kind.REVERSE, seq)
        elif said is not None and said.approved and fate != KEPT:
            network = self._messages.card(self._messages.account_of(seq))[1]
            self._to_clear.setdefault(network, []).append((answered + CLEAR_AFTER_NS, seq, said.cents))

    def _reverse(self, number: int, kind: Kind, seq: int, intended: int) -> None:
        ready = time.monotonic_ns()
        body = to_bytes(self._messages.reversal(seq, intended - self._begin_ns))
        heard, sent, answered = self._exchange(number, kind, REVERSE, body, seq, intended, ready)
        cents = answers.released(heard.body, self._messages.authorization_id(seq)) if heard.status == 200 else None
        if cents is None:
            ending = self._ended_badly(kind, seq, intended, ready, sent, answered, heard)
            self._heed("reverse", answered - intended, len(heard.body), ending.name.lower())
        else:
            self._recorder.exchange(
                kind, Ending.ANSWERED, seq, intended, ready, sent, answered, status=200, cents=cents
            )
            self._heed("reverse", answered - intended, len(heard.body), "")
        del self._open[number]

    def _clear(self) -> None:
        """Clearing batches, one after the other, of what was approved long enough ago; all that is left at the end."""
        while self._to_come or any(self._to_clear.values()):
            horizon = time.monotonic_ns() if self._to_come else 1 << 62
            for waiting in self._to_clear.values():
                ripe = [(seq, cents) for due, seq, cents in waiting if due <= horizon]
                waiting[:] = [one for one in waiting if one[0] > horizon]
                for first in range(0, len(ripe), BATCH):
                    self._present(ripe[first : first + BATCH])
            gevent.sleep(CLEAR_EVERY_S if self._to_come else 0)

    def _present(self, sales: list[tuple[int, int]]) -> None:
        number, self._batches = self._batches, self._batches + 1
        intended = time.monotonic_ns()
        batch = self._messages.batch(self._worker, number, intended - self._begin_ns, sales)
        heard, sent, answered = self._exchange(
            next(self._numbers), Kind.CAPTURE, CAPTURE, to_bytes(batch), number, intended, intended
        )
        names = [presentment.presentment_id for presentment in batch.presentments]
        found = answers.results(heard.body, batch.file_id, names) if heard.status == 200 else None
        for (seq, cents), result in zip(sales, found or [None] * len(sales), strict=True):
            self._recorder.sale(number, seq, cents, result)
        said = "" if found is not None else answers.problem(heard.status, heard.body)[0].name.lower()
        self._heed("capture", answered - intended, len(heard.body), said)
        if found is None:
            self._ended_badly(Kind.CAPTURE, number, intended, intended, sent, answered, heard, count=len(sales))
            return
        self._recorder.exchange(
            Kind.CAPTURE, Ending.ANSWERED, number, intended, intended, sent, answered, status=200, count=len(sales)
        )

    # ---- both -----------------------------------------------------------------------------------------------------

    def _exchange(
        self, number: int, kind: Kind, path: str, body: bytes, seq: int, intended: int, ready: int
    ) -> tuple[Heard, int, int]:
        """What was heard, when it was sent, when it was answered."""
        with self._places:
            sent = time.monotonic_ns()
            if number in self._open:
                self._open[number] = (kind, seq, intended, ready, sent)
            self.sent += 1
            heard = self._client.post(path, body)
            answered = time.monotonic_ns()
        self.answered += 1
        return heard, sent, answered

    def _ended_badly(
        self, kind: Kind, seq: int, intended: int, ready: int, sent: int, answered: int, heard: Heard, count: int = 0
    ) -> Ending:
        ending, note = answers.problem(heard.status, heard.body)
        self._recorder.exchange(
            kind, ending, seq, intended, ready, sent, answered, status=heard.status, count=count, note=note
        )
        return ending

    def progress(self) -> dict[str, Any]:
        """For whoever watches."""
        return {"due": self.due, "sent": self.sent, "answered": self.answered, "unsent": self.unsent}
