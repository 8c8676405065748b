"""From samples to evidence: every exchange to the auditor, in the order of real time, and to the events table.

The auditor is fed as in conformance of a service behind a URL: an exchange begins when its sender had a connection and
ends when the answer had been read, which is before and after anything that the engine can have done for it; all
processes read one monotonic clock, so the order of two instants is that in which they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.interface import (
    AuthorizationResponse,
    CaptureOutcome,
    CaptureResult,
    ClearingReceipt,
    DeclineReason,
    EngineError,
    ReversalResponse,
)
from engine.wire import WireError, error_of, from_bytes
from scenarios.load.measuring import ENDS_IN_TIME, ending_of
from scenarios.load.messages import USDC6_PER_CENT, Messages
from scenarios.load.samples import EXCHANGE, OUTCOMES, REASONS, Ending, Kind, Samples
from scenarios.load.table import Table
from simulators.auditor import Auditor

REASON_VALUES = tuple(DeclineReason(reason) if reason else None for reason in REASONS)
OUTCOME_VALUES = tuple(CaptureOutcome(outcome) for outcome in OUTCOMES)
ANSWER_TYPES = {Kind.REVERSE: ReversalResponse, Kind.CAPTURE: ClearingReceipt}
SENT, ANSWERED = 0, 1


class Clocks(NamedTuple):
    """``begin_ns``: the arrivals' start, on the monotonic clock. ``zero_ns``: what ``at_ns`` 0 of the events is there.
    ``utc_offset_ns``: from that clock to UTC.
    """

    begin_ns: int
    zero_ns: int
    utc_offset_ns: int


class Hearing:
    """``workers``: what each of them wrote."""

    def __init__(
        self, workers: Sequence[Samples], messages: Messages, clocks: Clocks, deadline_ns: int, auditor: Auditor,
        table: Table,
    ) -> None:  # fmt: skip
        self._workers, self._messages, self._clocks = workers, messages, clocks
        self._deadline_ns, self._auditor, self._table = deadline_ns, auditor, table
        self._under_way: dict[tuple[int, int], Any] = {}

    def all(self) -> None:
        """Tell everything, in order."""
        offset_ns = self._clocks.utc_offset_ns
        for worker, place, end in in_order([samples.exchanges for samples in self._workers]):
            samples = self._workers[worker]
            if end == SENT:
                row = dict(zip(EXCHANGE.names, samples.exchanges[place].item(), strict=True))
                kind = Kind(row["kind"])
                if kind is Kind.UNSENT:
                    self._unsent(row)
                    continue
                message = self._message(kind, row, samples)
                self._under_way[worker, place] = kind, row, message
                self._auditor.sent(row["sent"] + offset_ns, message)
            else:
                kind, row, message = self._under_way.pop((worker, place))
                answer = self._answer(kind, row, samples, message)
                at_ns = row["answered"] + offset_ns
                if isinstance(answer, Exception):
                    self._auditor.failed(at_ns, message, answer)
                else:
                    self._auditor.answered(at_ns, message, answer)
                self._tell(kind, row, samples, message, answer)

    # ---- messages -------------------------------------------------------------------------------------------------

    def _message(self, kind: Kind, row: dict[str, Any], samples: Samples) -> Any:
        """One value for all repeats of an authorization that are under way, so that the auditor knows it quickly."""
        if kind is Kind.CAPTURE:
            sales = [(int(sale["seq"]), int(sale["cents"])) for sale in samples.sales_of(row["seq"])]
            return self._messages.batch(samples.worker, row["seq"], row["intended"] - self._clocks.begin_ns, sales)
        if kind is Kind.REVERSE:
            return self._messages.reversal(row["seq"], row["intended"] - self._clocks.begin_ns)
        return self._messages.authorization(row["seq"])

    def _answer(self, kind: Kind, row: dict[str, Any], samples: Samples, message: Any) -> Any:
        """The answer, or the exception that there was instead of one."""
        ending = row["ending"]
        if ending == Ending.ANSWERED:
            if kind is Kind.CAPTURE:
                return _receipt(message, samples.sales_of(row["seq"]))
            if kind is Kind.REVERSE:
                return ReversalResponse(message.authorization_id, row["cents"])
            return AuthorizationResponse(
                message.authorization_id, bool(row["approved"]), row["cents"], row["code"].decode(),
                REASON_VALUES[row["reason"]], row["hold_expires"],
            )  # fmt: skip
        note = samples.notes[row["note"]]
        if ending == Ending.SILENCE:
            return EngineError(f"no answer: {note}")
        if ending != Ending.UNUSUAL:
            return error_of(row["status"], note.encode())
        try:
            return from_bytes(ANSWER_TYPES.get(kind, AuthorizationResponse), note.encode())
        except WireError as error:
            return EngineError(f"an answer that is none of the contract: {error}")

    # ---- the events table -----------------------------------------------------------------------------------------

    def _unsent(self, row: dict[str, Any]) -> None:
        message = self._messages.authorization(row["seq"])
        self._table.row(
            row["intended"] - self._clocks.zero_ns, "unsent", message.authorization_id, network=message.network,
            cents=message.amount_cents,
        )  # fmt: skip

    def _tell(self, kind: Kind, row: dict[str, Any], samples: Samples, message: Any, answer: Any) -> None:
        at_ns = row["answered"] - self._clocks.zero_ns
        if kind is Kind.CAPTURE:
            self._captured(at_ns, row, samples, message, answer)
            return
        latency_ns = row["answered"] - row["intended"]
        ref, account = message.authorization_id, self._messages.account_id(self._messages.account_of(row["seq"]))
        result = _word(answer, row["ending"])
        if kind is Kind.REVERSE:
            freed = 0 if isinstance(answer, Exception) else answer.released_cents
            word = result if isinstance(answer, Exception) else "released" if freed else "nothing_held"
            self._table.row(
                at_ns, "reverse", ref, account, message.network, 0, freed * USDC6_PER_CENT, word, latency_ns
            )
            return
        if kind is not Kind.AUTHORIZE:
            self._table.row(
                at_ns, "repeat", ref, account, message.network, message.amount_cents, 0, result, latency_ns,
                "twin=1" if kind is Kind.TWIN else "",
            )  # fmt: skip
            return
        self._swipe(at_ns, row, message, account, answer, result)

    def _swipe(self, at_ns: int, row: dict[str, Any], message: Any, account: str, answer: Any, result: str) -> None:
        """As its processor saw it: from the instant at which it was meant to be sent."""
        latency_ns, ref, network = row["answered"] - row["intended"], message.authorization_id, message.network
        failed = isinstance(answer, Exception)
        about = (ref, account, network, message.amount_cents, 0)
        self._table.row(row["ready"] - self._clocks.zero_ns, "send", ref, latency_ns=row["ready"] - row["intended"])
        if not failed:
            self._table.row(at_ns, "engine", *about, result, row["answered"] - row["sent"])
        ended = ending_of(latency_ns, self._deadline_ns, failed=failed)
        if ended in ENDS_IN_TIME:
            self._table.row(at_ns, ended, *about, result, latency_ns, _said(answer) if failed else "")
            return
        over_ns = row["intended"] + self._deadline_ns - self._clocks.zero_ns
        self._table.row(over_ns, ended, *about, "declined", self._deadline_ns, result if failed else "")
        if not failed:
            self._table.row(at_ns, "authorize.late", *about, result, latency_ns)

    def _captured(self, at_ns: int, row: dict[str, Any], samples: Samples, batch: Any, answer: Any) -> None:
        latency_ns = row["answered"] - row["intended"]
        posted = {} if isinstance(answer, Exception) else {one.presentment_id: one for one in answer.results}
        for sale, presentment in zip(samples.sales_of(row["seq"]), batch.presentments, strict=True):
            account = self._messages.account_id(self._messages.account_of(int(sale["seq"])))
            result = posted.get(presentment.presentment_id)
            about = (presentment.presentment_id, account, presentment.network, presentment.amount_cents)
            if result is None:
                self._table.row(at_ns, "present", *about, 0, "unanswered")
            else:
                booked = result.posted_cents * USDC6_PER_CENT
                self._table.row(at_ns, "capture", *about, booked, str(result.outcome), latency_ns)


def in_order(columns: Sequence[np.ndarray]) -> Iterator[tuple[int, int, int]]:
    """(worker, place, SENT or ANSWERED) of all exchanges, by time; what was not sent comes once, when it was due."""
    instants, ends, workers, places = [], [], [], []
    for worker, found in enumerate(columns):
        unsent = found["kind"] == Kind.UNSENT
        at = np.arange(len(found))
        instants += [np.where(unsent, found["intended"], found["sent"]), found["answered"][~unsent]]
        places += [at, at[~unsent]]
        ends += [np.full(len(at), SENT), np.full(int((~unsent).sum()), ANSWERED)]
        workers += [np.full(len(at) + int((~unsent).sum()), worker)]
    if not instants:
        return
    end, worker, place = (np.concatenate(parts) for parts in (ends, workers, places))
    order = np.lexsort((end, np.concatenate(instants)))
    for first in range(0, len(order), 1 << 16):
        some = order[first : first + (1 << 16)]
        yield from zip(worker[some].tolist(), place[some].tolist(), end[some].tolist(), strict=True)


def _receipt(batch: Any, sales: np.ndarray) -> ClearingReceipt:
    results = tuple(
        CaptureResult(
            presentment.presentment_id,
            OUTCOME_VALUES[sale["outcome"]],
            int(sale["posted"]),
            int(sale["released"]),
            int(sale["receivable"]),
            int(sale["recovered"]),
        )
        for presentment, sale in zip(batch.presentments, sales, strict=True)
    )
    return ClearingReceipt(batch.file_id, results)


def _word(answer: Any, ending: int) -> str:
    if isinstance(answer, Exception):
        return "overloaded" if ending == Ending.SHED else "silence" if ending == Ending.SILENCE else _name(answer)
    if isinstance(answer, AuthorizationResponse):
        return "approved" if answer.approved else str(answer.reason)
    return ""


def _name(error: Exception) -> str:
    return type(error).__name__


def _said(error: Exception) -> str:
    return str(error)[:200]
