"""Three-way reconciliation: network, ledger and chain agree to the cent, or every break is explained."""

from __future__ import annotations

import pandas as pd

from engine.interface import StatementKind
from reports.breaks import BREAK_COLUMNS
from reports.counts import total
from reports.explanations import MEANINGS, Horizon, explain
from reports.frames import Events
from reports.legs import Leg, funding_ledger, ledger_chain, network_ledger
from reports.settlement import TO_BURN, booked_usdc6

LISTED_BREAKS = 200
LEGS = ("network_ledger", "ledger_chain", "funding_ledger")


def reconcile(events: Events, settlement_bound_ns: int, notice_bound_ns: int) -> dict[str, object]:
    """The reconciliation section of the report.

    Per leg ``matched``, ``breaks`` (all), ``unexplained`` and both sides' totals. ``breaks`` lists, of each leg, the
    first :data:`LISTED_BREAKS` unexplained and as many explained ones, unexplained first; ``by_kind`` counts all.
    ``expected`` and ``actual`` are millionths of a USDC; ``explained_by`` is None where nothing explains a break.
    """
    horizon = Horizon(events.end_ns, settlement_bound_ns, notice_bound_ns)
    legs = (network_ledger(events), ledger_chain(events, horizon.settling_from_ns), funding_ledger(events))
    section: dict[str, object] = {}
    frames = []
    for leg in legs:
        breaks = leg.breaks.assign(leg=leg.name, explained_by=explain(leg.name, leg.breaks, horizon))
        frames.append(breaks[["leg", *BREAK_COLUMNS, "explained_by"]])
        section[leg.name] = _figures(leg, int((breaks["explained_by"] == "").sum()))
    everything = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    listed = [
        frame[(frame["explained_by"] == "") == unexplained].head(LISTED_BREAKS)
        for unexplained in (True, False)
        for frame in frames
    ]
    section["totals"] = _totals(events, legs)
    section["by_kind"] = _by_kind(everything)
    section["breaks"] = [_break(row) for part in listed for row in part.to_dict("records")]
    section["breaks_left_out"] = len(everything) - len(section["breaks"])
    return section


def _figures(leg: Leg, unexplained: int) -> dict[str, int]:
    return {
        "matched": leg.matched,
        "breaks": len(leg.breaks),
        "explained": len(leg.breaks) - unexplained,
        "unexplained": unexplained,
        "expected_usdc6": leg.expected_usdc6,
        "actual_usdc6": leg.actual_usdc6,
    }


def _break(row: dict) -> dict[str, object]:
    return {
        "leg": row["leg"],
        "kind": row["kind"],
        "ref": row["ref"],
        "account": row["account"],
        "booked_on": row["booked_on"],
        "expected": int(row["expected"]),
        "actual": int(row["actual"]),
        "at_ns": int(row["at_ns"]),
        "explained_by": row["explained_by"] or None,
    }


def _by_kind(breaks: pd.DataFrame) -> list[dict[str, object]]:
    rows = breaks.groupby(["leg", "kind", "explained_by"], sort=True)
    return [
        {
            "leg": leg,
            "kind": kind,
            "meaning": MEANINGS[leg, kind],
            "count": len(group),
            "difference_usdc6": total((group["actual"] - group["expected"]).to_numpy("int64")),
            "explained_by": reason or None,
        }
        for (leg, kind, reason), group in rows
    ]


def _totals(events: Events, legs: tuple[Leg, ...]) -> dict[str, int]:
    """Whole-run totals; captured - receivable + recovered - refunded - credited + returned = settled + outstanding.

    ``credited`` and ``returned`` are of disputes. Outstanding below 0 is credit that later captures use up.
    """
    held = {kind: booked_usdc6(events, kind) for kind in StatementKind}
    short = total(events.of("chain.shortfall").ints("amount_usdc6"))
    to_burn = sum(sign * held[kind] for kind, sign in TO_BURN.items())
    return {
        "presented_usdc6": legs[0].expected_usdc6,
        "captured_usdc6": held[StatementKind.CAPTURE],
        "receivable_usdc6": held[StatementKind.RECEIVABLE],
        "recovered_usdc6": held[StatementKind.RECOVERY],
        "refunded_usdc6": held[StatementKind.REFUND],
        "credited_usdc6": held[StatementKind.DISPUTE_CREDIT],
        "returned_usdc6": held[StatementKind.DISPUTE_RETURN],
        "settled_usdc6": held[StatementKind.SETTLEMENT],
        "burned_usdc6": legs[1].actual_usdc6,
        "shortfall_usdc6": short,
        "outstanding_usdc6": to_burn - held[StatementKind.SETTLEMENT],
        "deposited_usdc6": held[StatementKind.DEPOSIT],
        "withdrawn_usdc6": held[StatementKind.WITHDRAWAL],
    }
