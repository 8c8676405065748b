"""What the auditor costs: microseconds a swipe, and bytes a live authorization.

Run as a script: ``python tests/auditor/bench_auditor.py [swipes]``. A swipe is one authorization sent and answered and
one presentment in a batch of 500; the messages are made beforehand. The bare figure beside it is one call of an empty
method, so that machines can be compared.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from time import process_time_ns

from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    AuthorizationResponse,
    CaptureOutcome,
    CaptureResult,
    CardOpening,
    ClearingBatch,
    ClearingReceipt,
    DepositNotice,
    NoticeReceipt,
    Presentment,
    Terms,
)
from simulators.auditor import Auditor

START_NS = 1_767_225_600_000_000_000
STEP_NS = 86_400_000_000
ACCOUNTS = 5_000
AT_ONCE = 500
VALIDITY_NS = Terms().holds.validity_ns["visa"]


def fresh() -> Auditor:
    """An auditor of funded accounts."""
    auditor = Auditor(Terms(), chain=False)
    for n in range(ACCOUNTS):
        auditor.opened(
            START_NS, AccountOpening(f"holder-{n}", f"0x{n:040x}", (CardOpening(f"card-{n}", "visa", 2**62),))
        )
        notice = DepositNotice(f"0x{n:064x}:0", f"holder-{n}", 10**12, 1)
        auditor.sent(START_NS, notice)
        auditor.answered(START_NS, notice, NoticeReceipt(notice.deposit_id, True))
    return auditor


def swipes(count: int, first: int = 0) -> Iterator[tuple[int, AuthorizationRequest, AuthorizationResponse]]:
    """Approved authorizations, one every 86 ms, each with strings of its own."""
    for n in range(first, first + count):
        at_ns = START_NS + n * STEP_NS // 1_000
        ref = f"auth-{n:07d}"
        cents = 500 + n * 7919 % 4_000
        request = AuthorizationRequest(ref, ref, f"card-{n % ACCOUNTS}", cents, "visa", "shop-1", "5411", at_ns)
        yield at_ns, request, AuthorizationResponse(ref, True, cents, "00", None, at_ns + 4_000_000 + VALIDITY_NS)


def batches(count: int) -> Iterator[tuple[ClearingBatch, ClearingReceipt]]:
    """The clearing of those swipes, each captured for what was approved."""
    for start in range(0, count, AT_ONCE):
        part = [request for _, request, _ in swipes(min(AT_ONCE, count - start), start)]
        presentments = tuple(
            Presentment(f"{r.authorization_id}.1", r.authorization_id, r.card_id, "visa", r.amount_cents) for r in part
        )
        results = tuple(
            CaptureResult(p.presentment_id, CaptureOutcome.POSTED, p.amount_cents, 0, 0) for p in presentments
        )
        yield (
            ClearingBatch(f"file/{start}", "visa", "file", START_NS, presentments),
            ClearingReceipt("file", results),
        )


def time_of(count: int) -> tuple[float, float, float]:
    """Microseconds a swipe: authorization, presentment, an empty call."""
    auditor = fresh()
    stream = list(swipes(count))
    clearing = list(batches(count))
    gc.collect()
    gc.freeze()
    began = process_time_ns()
    for at_ns, request, response in stream:
        auditor.sent(at_ns, request)
        auditor.answered(at_ns + 4_000_000, request, response)
    authorized = process_time_ns()
    at_ns = stream[-1][0] + 10**9
    for batch, receipt in clearing:
        auditor.sent(at_ns, batch)
        auditor.answered(at_ns, batch, receipt)
    captured = process_time_ns()
    empty = Empty()
    for at_ns, request, _ in stream:
        empty.sent(at_ns, request)
    done = process_time_ns()
    gc.unfreeze()
    assert not auditor.findings, auditor.findings[:3]
    per = 1_000 * count
    return (authorized - began) / per, (captured - authorized) / per, (done - captured) / per


class Empty:
    def sent(self, at_ns: int, message: object) -> None:
        """Nothing."""


def memory_of(count: int) -> tuple[float, float]:
    """Bytes an authorization while its hold is open, messages dropped; and after it was captured and forgotten."""
    auditor = fresh()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for at_ns, request, response in swipes(count):
        auditor.sent(at_ns, request)
        auditor.answered(at_ns + 4_000_000, request, response)
    del request, response
    live = tracemalloc.get_traced_memory()[0] - before
    for batch, receipt in batches(count):
        auditor.sent(at_ns + 10**9, batch)
        auditor.answered(at_ns + 10**9, batch, receipt)
    del batch, receipt
    for days in range(1, 4):
        auditor.finish(at_ns + days * 86_400 * 10**9)
    gc.collect()
    ended = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return live / count, ended / count


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    best = min(time_of(wanted) for _ in range(3))
    authorize, capture, bare = best
    print(
        f"{authorize + capture:.2f} us a swipe: {authorize:.2f} authorization, {capture:.2f} presentment ({wanted:,})"
    )
    print(f"  {(authorize + capture) / bare:.0f} empty calls of {bare * 1000:.0f} ns")
    live_bytes, ended_bytes = memory_of(wanted)
    print(f"{live_bytes:.0f} bytes a live authorization, {ended_bytes:.0f} once it has been captured and forgotten")
