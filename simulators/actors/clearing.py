"""Clearing: on the day after, each network presents what merchants really took, in files cut into batches."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from engine.domain.money import usdc6_of
from engine.interface import CaptureResult, CardEngine, ClearingBatch, Presentment, PresentmentKind
from simulators.kernel import Kernel, Trace
from simulators.settings import DAY_NS, SECOND_NS, Network
from simulators.tap import Tap, Unanswered

PRESENTMENTS_AT_ONCE = 500
RETRY_NS = 60 * SECOND_NS
LONGEST_RETRY_NS = 3_600 * SECOND_NS
"""What stays unanswered, a batch or a reversal, is sent again at intervals that double up to this."""

SALE, REFUND, UNMATCHED_REFUND = range(3)


class _Records:
    """What one file will present, as columns: a day of a million swipes has a million of these."""

    def __init__(self) -> None:
        self.authorizations: list[str] = []
        self.accounts: list[str] = []
        self.cards: list[str] = []
        self.amounts_cents = array("q")
        self.rests_cents = array("q")
        self.parts = array("b")
        self.sorts = array("b")

    def __len__(self) -> int:
        return len(self.parts)

    def add(
        self, authorization_id: str, account_id: str, card_id: str, cents: int, rest_cents: int, part: int,
        sort: int = SALE,
    ) -> None:  # fmt: skip
        self.authorizations.append(authorization_id)
        self.accounts.append(account_id)
        self.cards.append(card_id)
        self.amounts_cents.append(cents)
        self.rests_cents.append(rest_cents)
        self.parts.append(part)
        self.sorts.append(sort)

    def rows(self, start: int, stop: int) -> Iterator[tuple[str, str, str, int, int, int, int]]:
        columns = (
            self.authorizations, self.accounts, self.cards, self.amounts_cents, self.rests_cents, self.parts,
            self.sorts,
        )  # fmt: skip
        return zip(*(column[start:stop] for column in columns), strict=True)


class Clearing:
    """The clearing files of one network."""

    def __init__(self, kernel: Kernel, tap: Tap, engine: CardEngine, trace: Trace, settings: Network) -> None:
        self._kernel = kernel
        self._tap = tap
        self._engine = engine
        self._append = trace.append
        self._settings = settings
        self._due: dict[int, _Records] = {}
        self._unanswered: dict[str, tuple[int, ClearingBatch]] = {}
        self._awaited: dict[str, Callable[[Presentment, CaptureResult], None]] = {}

    def start(self) -> None:
        """Begin to send files."""
        self._kernel.process(self._every_day(), f"{self._settings.name} clearing", daemon=True)

    def approved(
        self, authorization_id: str, account_id: str, card_id: str, cents: int, rest_cents: int, days: int = 1
    ) -> None:
        """To be presented so many days after: ``cents``, and ``rest_cents`` (if any) another day later."""
        self._add(self._today() + days, authorization_id, account_id, card_id, cents, rest_cents, 1)

    def refunded(
        self, authorization_id: str, account_id: str, card_id: str, cents: int, part: int, matched: bool
    ) -> None:
        """To be presented back on the day after; not ``matched``: without the sale's authorization."""
        sort = REFUND if matched else UNMATCHED_REFUND
        self._add(self._today() + 1, authorization_id, account_id, card_id, cents, 0, part, sort)

    def await_posting(self, presentment_id: str, then: Callable[[Presentment, CaptureResult], None]) -> None:
        """``then`` is called once, when this presentment is answered for the first time."""
        self._awaited[presentment_id] = then

    def close_the_books(self) -> None:
        """Write down what was presented and never answered."""
        for sent_ns, batch in self._unanswered.values():
            for presentment in batch.presentments:
                self._append(_unanswered(sent_ns, presentment))

    def _add(self, day: int, *record: Any) -> None:
        records = self._due.get(day)
        if records is None:
            records = self._due[day] = _Records()
        records.add(*record)

    def _today(self) -> int:
        return self._kernel.utc_ns // DAY_NS

    def _every_day(self) -> Iterator[Any]:
        """At the network's hour: the file of what was approved the day before."""
        env = self._kernel.env
        while True:
            utc_ns = self._kernel.utc_ns
            due_ns = utc_ns // DAY_NS * DAY_NS + self._settings.clearing_at_ns
            yield env.timeout(due_ns - utc_ns if due_ns > utc_ns else due_ns + DAY_NS - utc_ns)
            for day in sorted(day for day in self._due if day <= self._today()):
                yield from self._send_file(day, self._due.pop(day))

    def _send_file(self, day: int, records: _Records) -> Iterator[Any]:
        file_id = f"{self._settings.name}-{datetime.fromtimestamp(day * 86_400, UTC):%Y%m%d}"
        for start in range(0, len(records), PRESENTMENTS_AT_ONCE):
            yield from self._send_batch(day, file_id, start, list(records.rows(start, start + PRESENTMENTS_AT_ONCE)))

    def _send_batch(self, day: int, file_id: str, start: int, rows: list[tuple[Any, ...]]) -> Iterator[Any]:
        kernel, name = self._kernel, self._settings.name
        env = kernel.env
        sent_ns = env.now
        accounts, presentments = self._compose(day, rows)
        key = f"{file_id}/{start // PRESENTMENTS_AT_ONCE}"
        batch = ClearingBatch(key, name, file_id, kernel.utc_ns, tuple(presentments))
        self._unanswered[key] = (sent_ns, batch)
        retry_ns = RETRY_NS
        while isinstance(
            receipt := (yield kernel.call(self._tap.tell(batch, self._engine.capture))).unwrap(), Unanswered
        ):
            yield env.timeout(retry_ns)
            retry_ns = min(2 * retry_ns, LONGEST_RETRY_NS)
        del self._unanswered[key]
        append, now_ns = self._append, env.now
        took_ns = now_ns - sent_ns
        for account_id, presentment, result in zip(accounts, presentments, receipt.results, strict=False):
            kind, sign = ("refund", -1) if presentment.kind is PresentmentKind.REFUND else ("capture", 1)
            append(
                (now_ns, kind, presentment.presentment_id, account_id, name, sign * presentment.amount_cents,
                 sign * usdc6_of(result.posted_cents), result.outcome, took_ns, "")
            )  # fmt: skip
        for presentment in presentments[len(receipt.results) :]:  # a receipt may be too short; the auditor says so
            append(_unanswered(sent_ns, presentment))
        if self._awaited:
            for presentment, result in zip(presentments, receipt.results, strict=False):
                if (then := self._awaited.pop(presentment.presentment_id, None)) is not None:
                    then(presentment, result)

    def _compose(self, day: int, rows: list[tuple[Any, ...]]) -> tuple[list[str], list[Presentment]]:
        """The records of a batch, and whose account each concerns."""
        accounts, presentments = [], []
        name = self._settings.name
        for authorization_id, account_id, card_id, cents, rest_cents, part, sort in rows:
            accounts.append(account_id)
            if sort != SALE:
                of = authorization_id if sort == REFUND else ""
                ref = f"{authorization_id}.r{part}"
                presentments.append(Presentment(ref, of, card_id, name, cents, kind=PresentmentKind.REFUND))
                continue
            ref = f"{authorization_id}.{part}"
            presentments.append(Presentment(ref, authorization_id, card_id, name, cents, not rest_cents))
            if rest_cents:
                self._add(day + 1, authorization_id, account_id, card_id, rest_cents, 0, part + 1)
        return accounts, presentments


def _unanswered(sent_ns: int, p: Presentment) -> tuple[Any, ...]:
    cents = -p.amount_cents if p.kind is PresentmentKind.REFUND else p.amount_cents
    return (sent_ns, "present", p.presentment_id, "", p.network, cents, 0, "unanswered", -1, "")
