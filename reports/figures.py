"""The handful of figures that a reader wants first."""

from __future__ import annotations

from dataclasses import dataclass

from reports.load import generator_note, shares_note
from reports.reconciliation import LEGS
from reports.words import USDC6_PER_CENT, count, duration, milliseconds, money, percent, plural


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in words, and a ``note`` that puts it into proportion."""

    title: str
    value: str
    note: str = ""


def key_figures(report: dict[str, object]) -> list[Figure]:
    counts, settled, latency = report["counts"], report["settlement"], report["latency"]["authorize"]
    swipes = counts["swipes"]
    share = counts["approved"] / swipes if swipes else None
    legs = [report["reconciliation"][leg] for leg in LEGS]
    unexplained = sum(leg["unexplained"] for leg in legs)
    approved = money(counts["approved_cents"] * USDC6_PER_CENT)
    bound = "" if settled["gas_exact"] else ", lower bounds"
    gas = f"{plural(settled['batches'], 'batch', 'batches')}, {count(settled['gas_used'])} gas{bound}"
    load = report.get("load")
    of_load = (
        [Figure("Errors", *shares_note(load)), Figure("Generator's lag, p99", *generator_note(load))] if load else []
    )
    return [
        Figure("Swipes", count(swipes), f"busiest second {count(report['throughput']['peak_per_s'])}"),
        Figure("Approved", percent(share), f"{count(counts['approved'])} for {approved}"),
        Figure(
            "Answered within, p99", milliseconds(latency["p99_ms"]), f"half within {milliseconds(latency['p50_ms'])}"
        ),
        Figure("Over deadline", count(latency["over_deadline"]), "as the networks saw it"),
        *of_load,
        Figure(
            "Settled on chain", money(settled["settled_usdc6"]), f"{money(settled['outstanding_usdc6'])} outstanding"
        ),
        Figure("Capture to burn, p99", duration(settled["lag_p99_s"]), f"half within {duration(settled['lag_p50_s'])}"),
        Figure("Gas per swipe", count(settled["gas_per_swipe"]), gas),
        Figure("Reconciled", count(sum(leg["matched"] for leg in legs)), f"{plural(unexplained, 'break')} unexplained"),
    ]
