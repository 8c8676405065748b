"""Refunds and disputes leave network, ledger and chain agreed; a cent that is off anywhere is a break."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import run

from engine.services.engine import build as production
from reports.frames import as_events
from reports.reconciliation import LEGS, reconcile
from reports.settlement import settlement_section
from scenarios.engines.reference import build as reference
from scenarios.loader import load_scenario
from scenarios.resolve import resolve
from simulators.settings import HOUR_NS


def rows_of(engine: Any) -> list[dict[str, Any]]:
    world = resolve(load_scenario("refunds_and_disputes")).settings
    return run(world, engine=engine).rows


def breaks(rows: list[dict[str, Any]]) -> dict[str, int]:
    section = reconcile(as_events(pd.DataFrame(rows)), 4 * HOUR_NS, HOUR_NS)
    return {leg: section[leg]["unexplained"] for leg in LEGS}


@pytest.mark.parametrize("engine", [production, reference], ids=["engine", "reference"])
def test_what_comes_back_is_reconciled(engine) -> None:
    assert set(breaks(rows_of(engine)).values()) == {0}


@pytest.mark.parametrize(
    ("kind", "result", "column", "by", "leg"),
    [
        ("refund", "posted", "amount_cents", 1, "network_ledger"),
        ("refund", "posted", "amount_usdc6", 10_000, "network_ledger"),
        ("ledger", "refund", "amount_usdc6", 1, "network_ledger"),
        ("ledger", "dispute_return", "amount_usdc6", 10**10, "ledger_chain"),
        ("chain.settlement", "ok", "amount_usdc6", 1, "ledger_chain"),
    ],
)
def test_an_amount_that_is_off_is_a_break(kind, result, column, by, leg) -> None:
    rows = rows_of(reference)
    found = next(row for row in rows if (row["kind"], row["result"]) == (kind, result))
    found[column] += by
    assert breaks(rows)[leg] >= 1


def test_what_is_outstanding_is_credit_that_waits_for_later_captures() -> None:
    """Ben's 150, dov's 400, and cleo's nothing: the refund went to what was owed, and the rest was spent again."""
    rows = rows_of(reference)
    sums = settlement_section(as_events(pd.DataFrame(rows)))
    supply = next(row["amount_usdc6"] for row in reversed(rows) if row["ref"] == "supply")
    deposited = sum(row["amount_usdc6"] for row in rows if row["kind"] == "chain.deposit")
    assert sums["settled_usdc6"] == deposited - supply
    assert sums["outstanding_usdc6"] == -550_000_000
