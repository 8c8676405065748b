"""From captured to burned: how much, how soon, at what cost in gas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.interface import StatementKind
from reports.counts import total
from reports.frames import Events, Rows, words
from reports.keys import keys_of
from reports.latency import nearest_rank

NS_PER_S = 1_000_000_000
MAX_POINTS = 400
LAG_BINS = 40
TO_BURN = {
    StatementKind.CAPTURE: 1,
    StatementKind.RECEIVABLE: -1,
    StatementKind.RECOVERY: 1,
    StatementKind.REFUND: -1,
    StatementKind.DISPUTE_CREDIT: -1,
    StatementKind.DISPUTE_RETURN: 1,
}
"""What each kind of statement line adds to what is to be burned on chain."""


def settlement_section(events: Events) -> dict[str, object]:
    """Counts come from the chain, not from what the engine says of itself.

    ``batches`` settlement ids burned, ``transactions`` settlement transactions executed, ``users`` burns (one per user
    and batch), ``gas_per_swipe`` gas of all settlement transactions over presentments posted. ``lag_*_s``: see
    :func:`settlement_lag_ns`; 0 for captures ``burned_early``, before they were presented. ``outstanding_usdc6`` is to
    be burned and was not by the end: captured, less what was booked as receivable, plus what was recovered of that;
    less what was refunded or credited for disputes, plus what was taken back of that. Below 0 it is credit.
    """
    burned = events.of("chain.settlement")
    sums = {kind: booked_usdc6(events, kind) for kind in TO_BURN}
    posted = len(statement(events, "capture"))
    lag_ns = settlement_lag_ns(events)
    early = int((lag_ns < 0).sum())
    np.maximum(lag_ns, 0, out=lag_ns)
    lag_ns.sort()
    sent = settlement_transactions(events)
    gas, reverted = int(sent["gas"].sum()), int((~sent["ok"]).sum())
    settled = total(burned.ints("amount_usdc6"))
    return {
        "batches": len(keys_of("ref", burned)),
        "transactions": len(sent) - reverted,
        "reverted": reverted,
        "users": len(burned),
        "captured_usdc6": sums[StatementKind.CAPTURE],
        "receivable_usdc6": sums[StatementKind.RECEIVABLE],
        "recovered_usdc6": sums[StatementKind.RECOVERY],
        "refunded_usdc6": sums[StatementKind.REFUND],
        "credited_usdc6": sums[StatementKind.DISPUTE_CREDIT],
        "returned_usdc6": sums[StatementKind.DISPUTE_RETURN],
        "settled_usdc6": settled,
        "outstanding_usdc6": sum(sign * sums[kind] for kind, sign in TO_BURN.items()) - settled,
        "gas_used": gas,
        "gas_per_swipe": round(gas / posted, 1) if posted else None,
        "gas_per_user": round(gas / len(burned), 1) if len(burned) else None,
        "burned_early": early,
        "lag_count": len(lag_ns),
        "lag_p50_s": _seconds(lag_ns, 500),
        "lag_p90_s": _seconds(lag_ns, 900),
        "lag_p99_s": _seconds(lag_ns, 990),
        "lag_max_s": _seconds(lag_ns, 1_000),
        "lag_histogram": _histogram(lag_ns),
        "series": _thinned(sent),
    }


def _seconds(ordered_ns: np.ndarray, per_mille: int) -> float | None:
    return round(nearest_rank(ordered_ns, per_mille) / NS_PER_S, 3) if len(ordered_ns) else None


def statement(events: Events, kind: str) -> Rows:
    """The ledger's lines of one statement kind."""
    return events.of("ledger").saying("result", kind)


def booked_usdc6(events: Events, kind: str) -> int:
    """What the ledger's lines of one statement kind amount to."""
    return total(statement(events, kind).ints("amount_usdc6"))


def settlement_transactions(events: Events) -> pd.DataFrame:
    """Settlement transactions as executed: ``at_s``, ``users``, ``gas``, ``ok``. Where the chain's own rows are not
    there (a chain seen through an engine's word alone), what each settlement tick told.
    """
    rows = events.of("chain.tx").frame(["at_ns", "result", "detail"])
    rows = rows[rows["detail"].str.contains("to=settle", regex=False)]
    if not len(rows):
        rows = events.of("settle").frame(["at_ns", "result", "detail"])
        rows = rows[~rows["detail"].str.contains("transactions=0", regex=False)].assign(result="ok")
    told = [words(detail) for detail in rows["detail"]]
    return pd.DataFrame(
        {
            "at_s": (rows["at_ns"].to_numpy(np.int64) / NS_PER_S).round(3),
            "users": np.array([int(word.get("users", 0)) for word in told], np.int64),
            "gas": np.array([int(word.get("gas", 0)) for word in told], np.int64),
            "ok": (rows["result"] == "ok").to_numpy(bool),
        }
    )


def _thinned(sent: pd.DataFrame) -> dict[str, list]:
    keep = np.unique(np.linspace(0, len(sent) - 1, min(len(sent), MAX_POINTS)).round().astype(int)) if len(sent) else []
    return {name: sent[name].iloc[keep].tolist() for name in ("at_s", "users", "gas")}


def _histogram(ordered_ns: np.ndarray) -> dict[str, list]:
    """How many captures were burned within which time, in equal steps (s), for drawing."""
    if not len(ordered_ns):
        return {"edges_s": [], "counts": []}
    seconds = ordered_ns / NS_PER_S
    counts, edges = np.histogram(seconds, bins=LAG_BINS, range=(0.0, max(float(seconds[-1]), 1.0)))
    return {"edges_s": edges.round(3).tolist(), "counts": counts.tolist()}


def settlement_lag_ns(events: Events) -> np.ndarray:
    """For each capture that was burned in full: how long after its answer (ns); negative where it was burned before.

    Burns are netted per user, so captures are matched to burns first in, first out, per account: a capture is burned
    when the account's burns together reach all that was to be burned up to and including it. To be burned is what was
    captured less its receivable, what was recovered of receivables, and what was taken back of disputes; a shortfall
    on chain closes its part too, and so does a refund or a dispute's credit.
    """
    captures, burns = events.of("capture").saying("result", "posted"), events.of("chain.settlement", "chain.shortfall")
    if not len(captures) or not len(burns):
        return np.zeros(0, np.int64)
    more = statement(events, StatementKind.RECOVERY) + statement(events, StatementKind.DISPUTE_RETURN)
    burns += statement(events, StatementKind.REFUND) + statement(events, StatementKind.DISPUTE_CREDIT)
    owed, once = _owed(captures, statement(events, StatementKind.RECEIVABLE))
    who, more_by, burned_by = keys_of("account", captures, more, burns).codes
    at_ns, n = captures.ints("at_ns")[once], len(owed)
    when, covered = fifo(
        np.concatenate([who[once], more_by]),
        np.concatenate([at_ns, more.ints("at_ns")]),
        np.concatenate([owed, more.ints("amount_usdc6")]),
        burned_by,
        burns.ints("at_ns"),
        burns.ints("amount_usdc6"),
    )
    burned = covered[:n] & (owed > 0)
    return when[:n][burned] - at_ns[burned]


def _owed(captures: Rows, receivables: Rows) -> tuple[np.ndarray, np.ndarray | slice]:
    """What of each capture was to be burned, and which of the rows are the captures: a repeated file gets its first
    answer again, and counts once.
    """
    keys = keys_of("ref", captures, receivables)
    mine, theirs = keys.codes
    firsts = np.unique(mine, return_index=True)[1] if mine.max() + 1 < len(mine) else None
    once = slice(None) if firsts is None else np.sort(firsts)
    owed = captures.ints("amount_usdc6")[once]
    if len(receivables):
        owed -= _per_owner(theirs, receivables.ints("amount_usdc6"), len(keys))[mine[once]]
    return owed, once


def fifo(
    owner: np.ndarray, at_ns: np.ndarray, owed: np.ndarray, payer: np.ndarray, paid_at_ns: np.ndarray, paid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """When each debt was paid in full, first in, first out, per owner; and whether it was.

    All owners are laid end to end on one axis of money, each as wide as the larger of what it owed and paid, so that a
    single search serves all. Raises OverflowError where the money of all together does not fit 62 bits.
    """
    owners = int(max(owner.max(), payer.max())) + 1
    owed_total, paid_total = _per_owner(owner, owed, owners), _per_owner(payer, paid, owners)
    width = np.maximum(owed_total, paid_total) + 1
    if float(width.astype(float).sum()) >= 2**62:
        raise OverflowError("the amounts of all accounts together do not fit 62 bits of usdc6")
    start = np.cumsum(width) - width
    order, paid_order = np.lexsort((at_ns, owner)), np.lexsort((paid_at_ns, payer))
    payment = _on_axis(payer[paid_order], paid[paid_order], paid_total, start)
    place = np.searchsorted(payment, _on_axis(owner[order], owed[order], owed_total, start), side="left")
    inside = place < len(payment)
    place[~inside] = len(payment) - 1
    covered = inside & (payer[paid_order][place] == owner[order])
    when, done = np.empty(len(owner), np.int64), np.empty(len(owner), bool)
    when[order], done[order] = paid_at_ns[paid_order][place], covered
    return when, done


def _on_axis(owner: np.ndarray, amounts: np.ndarray, totals: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Where each owner's running total stands on the axis of money; rows are in the order of their owners."""
    running = np.cumsum(amounts)
    running += (start - (np.cumsum(totals) - totals))[owner]
    return running


def _per_owner(owner: np.ndarray, amounts: np.ndarray, owners: int) -> np.ndarray:
    sums = np.zeros(owners, np.int64)
    np.add.at(sums, owner, amounts)
    return sums
