"""What a worker writes down of each exchange: records of fixed width, read back as one array.

Instants are of the machine's monotonic clock, in nanoseconds, which all processes of one machine share; 0 where there
is none. What does not fit a record (an answer that is not the usual one, an error's text) is a line of JSON beside it.
"""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from engine.interface import CaptureOutcome, DeclineReason

REASONS = ("", *(reason.value for reason in DeclineReason))
OUTCOMES = tuple(outcome.value for outcome in CaptureOutcome)
REASON_INDEX = {reason or None: index for index, reason in enumerate(REASONS)}
OUTCOME_INDEX = {outcome: index for index, outcome in enumerate(OUTCOMES)}


class Kind(IntEnum):
    """What was said, or was to be said."""

    AUTHORIZE = 0
    RETRY = 1
    """The same request once more."""
    TWIN = 2
    """The same request at the same instant."""
    REVERSE = 3
    CAPTURE = 4
    UNSENT = 5
    """An arrival that was not sent: so many were in flight as may be."""


class Ending(IntEnum):
    """How an exchange ended."""

    ANSWERED = 0
    """With what the record says."""
    UNUSUAL = 1
    """Status 200, and a body that has to be read as it stands."""
    SHED = 2
    """The problem ``overloaded``: nothing was done."""
    PROBLEM = 3
    """Any other status."""
    SILENCE = 4
    """No answer: the connection failed, or the time was over."""


EXCHANGE = np.dtype([
    ("kind", "u1"), ("ending", "u1"), ("reason", "u1"), ("approved", "u1"), ("status", "<i2"), ("count", "<i2"),
    ("seq", "<i8"), ("intended", "<i8"), ("ready", "<i8"), ("sent", "<i8"), ("answered", "<i8"), ("cents", "<i8"),
    ("hold_expires", "<i8"), ("code", "S4"), ("note", "<i4"),
])  # fmt: skip
"""``seq``: the arrival, or the number of the batch. ``ready``: when the generator got to it, whether or not there was
a connection free. ``cents``: approved or released. ``note``: a line of the notes, or -1. ``count``: presentments."""
SALE = np.dtype([
    ("batch", "<i4"), ("outcome", "<i4"), ("seq", "<i8"), ("cents", "<i8"), ("posted", "<i8"), ("released", "<i8"),
    ("receivable", "<i8"), ("recovered", "<i8"),
])  # fmt: skip
"""One presentment of a batch; ``outcome`` -1 where it was not answered."""
_EXCHANGE = struct.Struct("<BBBBhhqqqqqqq4si")
_SALE = struct.Struct("<iiqqqqqq")
NO_NOTE = -1


class Recorder:
    """Appends to the files of one worker, in ``folder``."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._exchanges = (folder / f"exchanges-{worker}.bin").open("wb", buffering=1 << 16)
        self._sales = (folder / f"sales-{worker}.bin").open("wb", buffering=1 << 16)
        self._notes = (folder / f"notes-{worker}.jsonl").open("w", encoding="utf-8")
        self._noted = 0
        self.written = 0

    def exchange(
        self, kind: int, ending: int, seq: int, intended: int, ready: int, sent: int, answered: int, *, status: int = 0,
        approved: bool = False, reason: int = 0, cents: int = 0, hold_expires: int = 0, code: bytes = b"",
        count: int = 0, note: Any = None,
    ) -> None:  # fmt: skip
        """One exchange, ended; ``note`` is anything that JSON can say."""
        place = NO_NOTE
        if note is not None:
            place, self._noted = self._noted, self._noted + 1
            self._notes.write(json.dumps(note) + "\n")
        self.written += 1
        self._exchanges.write(_EXCHANGE.pack(
            kind, ending, reason, approved, status, count, seq, intended, ready, sent, answered, cents, hold_expires,
            code, place,
        ))  # fmt: skip

    def sale(self, batch: int, seq: int, cents: int, result: dict[str, Any] | None) -> None:
        """One presentment of a batch, and its part of a usual answer."""
        if result is None:
            self._sales.write(_SALE.pack(batch, -1, seq, cents, 0, 0, 0, 0))
        else:
            self._sales.write(_SALE.pack(
                batch, OUTCOME_INDEX[result["outcome"]], seq, cents, result["posted_cents"], result["released_cents"],
                result["receivable_cents"], result.get("recovered_cents", 0),
            ))  # fmt: skip

    def close(self) -> None:
        for file in (self._exchanges, self._sales, self._notes):
            file.close()


class Samples:
    """What one worker wrote."""

    def __init__(self, folder: Path, worker: int) -> None:
        self.worker = worker
        self.exchanges = np.fromfile(folder / f"exchanges-{worker}.bin", EXCHANGE)
        sales = np.fromfile(folder / f"sales-{worker}.bin", SALE)
        self.sales = sales[np.argsort(sales["batch"], kind="stable")]
        self._batches = np.ascontiguousarray(self.sales["batch"])
        with (folder / f"notes-{worker}.jsonl").open(encoding="utf-8") as lines:
            self.notes = [json.loads(line) for line in lines]

    def sales_of(self, batch: int) -> np.ndarray:
        """The presentments of a batch, in its order."""
        first, after = np.searchsorted(self._batches, [batch, batch + 1])
        return self.sales[first:after]
