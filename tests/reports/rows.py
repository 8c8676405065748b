"""Short ways to write events down in tests."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from reports import RunFacts, build_report
from tests.reports.sample import DEADLINES, FACTS, MS, USDC6_PER_CENT, S, events_of, row

PLAIN = replace(FACTS, budgets={}, invariants=())
END_NS = 10 * 86_400 * S


def swipe(
    ref: str, *, network: str = "visa", ms: float = 20, at_ms: float = 1_000, result: str = "approved"
) -> pd.DataFrame:
    """An answer in time to a swipe of 12.34 dollars sent at ``at_ms``."""
    waited = int(ms * MS)
    at = {"at_ns": int(at_ms * MS) + waited, "latency_ns": waited}
    return row("authorize", ref=ref, account="ann", network=network, amount_cents=1_234, result=result, **at)


def timeout(ref: str, *, network: str = "visa", at_ms: float = 1_000) -> pd.DataFrame:
    limit = DEADLINES[network]
    at = {"at_ns": int(at_ms * MS) + limit, "latency_ns": limit}
    return row("authorize.timeout", ref=ref, account="ann", network=network, result="declined", **at)


def late(ref: str, *, ms: float, network: str = "visa", at_ms: float = 1_000) -> pd.DataFrame:
    at = {"at_ns": int((at_ms + ms) * MS), "latency_ns": int(ms * MS)}
    return row("authorize.late", ref=ref, account="ann", network=network, result="approved", **at)


def error(ref: str, *, at_ms: float = 1_000) -> pd.DataFrame:
    return row("authorize.error", ref=ref, network="visa", at_ns=int(at_ms * MS), result="EngineError")


def presented(
    ref: str, cents: int, *, at_ns: int = S, account: str = "ann", outcome: str = "posted"
) -> list[pd.DataFrame]:
    """A presentment, its answer and the ledger's capture, as they are when all is well."""
    posted = cents * USDC6_PER_CENT if outcome == "posted" else 0
    told = {"at_ns": at_ns + MS, "amount_cents": cents, "amount_usdc6": posted, "latency_ns": MS, "account": account}
    rows = [
        row("present", ref=ref, at_ns=at_ns, amount_cents=cents, network="visa"),
        row("capture", ref=ref, result=outcome, network="visa", **told),
    ]
    return rows + ([book("capture", ref, posted, at_ns=at_ns + MS, account=account)] if posted else [])


def book(kind: str, ref: str, usdc6: int, *, at_ns: int = 2 * S, account: str = "ann") -> pd.DataFrame:
    """One line of the ledger export."""
    return row("ledger", ref=ref, at_ns=at_ns, account=account, amount_usdc6=usdc6, result=kind)


def burn(
    ref: str, usdc6: int, *, at_ns: int = 2 * S, account: str = "ann", kind: str = "chain.settlement"
) -> pd.DataFrame:
    return row(kind, ref=ref, at_ns=at_ns, account=account, amount_usdc6=usdc6)


def end(at_ns: int = END_NS) -> pd.DataFrame:
    """The last thing that happens; by default long after everything else, so that nothing is under way."""
    return row("funds", at_ns=at_ns, ref="supply")


def report_of(*parts: pd.DataFrame, facts: RunFacts = PLAIN) -> dict:
    return build_report(events_of(*parts), facts)


def breaks_of(report: dict) -> list[tuple[str, str, str]]:
    """(leg, kind, ref) of each break."""
    return [(found["leg"], found["kind"], found["ref"]) for found in report["reconciliation"]["breaks"]]


def unexplained(report: dict) -> list[tuple[str, str, str]]:
    return [
        (found["leg"], found["kind"], found["ref"])
        for found in report["reconciliation"]["breaks"]
        if found["explained_by"] is None
    ]


def check_of(report: dict, name: str) -> dict:
    return next(check for check in report["checks"] if check["name"] == name)
