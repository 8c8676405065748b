"""From captured to burned: how much, how soon, at what cost in gas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reports.counts import total
from reports.frames import Events, encode, ints, words
from reports.latency import nearest_rank

NS_PER_S = 1_000_000_000
MAX_POINTS = 400
LAG_BINS = 40


def settlement_section(events: Events) -> dict[str, object]:
    """Counts come from the chain, not from what the engine says of itself.

    ``batches`` settlement ids burned, ``transactions`` settlement transactions executed, ``users`` burns (one per user
    and batch), ``gas_per_swipe`` gas of all settlement transactions over presentments posted. ``lag_*_s``: see
    :func:`settlement_lag_ns`; 0 for captures ``burned_early``, before they were presented. ``outstanding_usdc6`` is to
    be burned and was not by the end: captured, less what was booked as receivable, plus what was recovered of that.
    """
    burned = events.arrow(["chain.settlement"], ["ref", "amount_usdc6"])
    books = {kind: statement(events, kind) for kind in ("capture", "receivable", "recovery")}
    sums = {kind: total(ints(rows["amount_usdc6"])) for kind, rows in books.items()}
    posted = books["capture"].num_rows
    lag_ns = settlement_lag_ns(events)
    early = int((lag_ns < 0).sum())
    lag_ns = np.sort(np.maximum(lag_ns, 0))
    sent = settlement_transactions(events)
    gas, reverted = int(sent["gas"].sum()), int((~sent["ok"]).sum())
    settled = total(ints(burned["amount_usdc6"]))
    return {
        "batches": pc.count_distinct(burned["ref"]).as_py() if burned.num_rows else 0,
        "transactions": len(sent) - reverted,
        "reverted": reverted,
        "users": burned.num_rows,
        "captured_usdc6": sums["capture"],
        "receivable_usdc6": sums["receivable"],
        "recovered_usdc6": sums["recovery"],
        "settled_usdc6": settled,
        "outstanding_usdc6": sums["capture"] - sums["receivable"] + sums["recovery"] - settled,
        "gas_used": gas,
        "gas_per_swipe": round(gas / posted, 1) if posted else None,
        "gas_per_user": round(gas / burned.num_rows, 1) if burned.num_rows else None,
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


def statement(events: Events, kind: str) -> pa.Table:
    """The ledger's lines of one statement kind."""
    rows = events.arrow(["ledger"], ["at_ns", "ref", "account", "result", "amount_usdc6"])
    return rows.filter(pc.equal(pc.cast(rows["result"], pa.string()), kind))


def settlement_transactions(events: Events) -> pd.DataFrame:
    """Settlement transactions as executed: ``at_s``, ``users``, ``gas``, ``ok``. Where the chain's own rows are not
    there (a chain seen through an engine's word alone), what each settlement tick told.
    """
    rows = events.of("chain.tx", ["at_ns", "result", "detail"])
    rows = rows[rows["detail"].str.contains("to=settle", regex=False)]
    if not len(rows):
        rows = events.of("settle", ["at_ns", "result", "detail"])
        rows = rows[~rows["detail"].str.contains("transactions=0", regex=False)].assign(result="ok")
    told = [words(detail) for detail in rows["detail"]]
    return pd.DataFrame(
        {
            "at_s": (rows["at_ns"].to_numpy(np.int64) / NS_PER_S).round(3),
            "users": np.array([int(word.get("users", 0)) for word in told], np.int64),
            "gas": np.array([int(word.get("gas", 0)) for word in told], np.int64),
            "ok": (rows["result"].astype(str) == "ok").to_numpy(bool),
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
    captured less its receivable, and what was recovered of receivables; a shortfall on chain closes its part too.
    """
    captures = _posted(events)
    burns = events.arrow(["chain.settlement", "chain.shortfall"], ["at_ns", "account", "amount_usdc6"])
    if not captures.num_rows or not burns.num_rows:
        return np.zeros(0, np.int64)
    recovered = statement(events, "recovery")
    owed = ints(captures["amount_usdc6"]) - _receivable_of(events, captures["ref"])
    (who, recovered_by, burned_by), _ = encode(captures["account"], recovered["account"], burns["account"])
    n, at = captures.num_rows, ints(captures["at_ns"])
    when, covered = fifo(
        np.concatenate([who, recovered_by]),
        np.concatenate([at, ints(recovered["at_ns"])]),
        np.concatenate([owed, ints(recovered["amount_usdc6"])]),
        burned_by,
        ints(burns["at_ns"]),
        ints(burns["amount_usdc6"]),
    )
    burned = covered[:n] & (owed > 0)
    return when[:n][burned] - at[burned]


def _posted(events: Events) -> pa.Table:
    """Captures that the engine answered as posted, each once: a repeated file gets its first answer again."""
    captures = events.arrow(["capture"], ["at_ns", "ref", "account", "result", "amount_usdc6"])
    captures = captures.filter(pc.equal(pc.cast(captures["result"], pa.string()), "posted"))
    if not captures.num_rows:
        return captures
    (refs,), _ = encode(captures["ref"])
    firsts = np.unique(refs, return_index=True)[1]
    return captures if len(firsts) == captures.num_rows else captures.take(pa.array(np.sort(firsts)))


def fifo(
    owner: np.ndarray, at_ns: np.ndarray, owed: np.ndarray, payer: np.ndarray, paid_at_ns: np.ndarray, paid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """When each debt was paid in full, first in, first out, per owner; and whether it was.

    All owners are laid end to end on one axis of money, each as wide as the larger of what it owed and paid, so that a
    single search serves all. Raises OverflowError where the money of all together does not fit 62 bits.
    """
    owners = int(max(owner.max(), payer.max())) + 1
    order, paid_order = np.lexsort((at_ns, owner)), np.lexsort((paid_at_ns, payer))
    owed_total, paid_total = _per_owner(owner, owed, owners), _per_owner(payer, paid, owners)
    width = np.maximum(owed_total, paid_total) + 1
    if float(width.astype(float).sum()) >= 2**62:
        raise OverflowError("the amounts of all accounts together do not fit 62 bits of usdc6")
    start = np.cumsum(width) - width
    debt = np.cumsum(owed[order]) - (np.cumsum(owed_total) - owed_total)[owner[order]] + start[owner[order]]
    payment = (
        np.cumsum(paid[paid_order]) - (np.cumsum(paid_total) - paid_total)[payer[paid_order]] + start[payer[paid_order]]
    )
    place = np.searchsorted(payment, debt, side="left")
    inside = place < len(payment)
    place[~inside] = len(payment) - 1
    covered = inside & (payer[paid_order][place] == owner[order])
    when, done = np.empty(len(owner), np.int64), np.empty(len(owner), bool)
    when[order], done[order] = paid_at_ns[paid_order][place], covered
    return when, done


def _per_owner(owner: np.ndarray, amounts: np.ndarray, owners: int) -> np.ndarray:
    sums = np.zeros(owners, np.int64)
    np.add.at(sums, owner, amounts)
    return sums


def _receivable_of(events: Events, refs: pa.ChunkedArray) -> np.ndarray:
    """What of each presentment was booked as receivable."""
    rows = statement(events, "receivable")
    if not rows.num_rows:
        return np.zeros(len(refs), np.int64)
    (mine, theirs), names = encode(refs, rows["ref"])
    return _per_owner(theirs, ints(rows["amount_usdc6"]), len(names))[mine]
