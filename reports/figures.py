"""The handful of figures that a reader wants first."""

from __future__ import annotations

from dataclasses import dataclass

from reports.words import USDC6_PER_CENT, count, duration, milliseconds, money, percent, plural


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in words, and a ``note`` that puts it into proportion."""

    title: str
    value: str
    note: str = ""


def key_figures(report: dict[str, object]) -> list[Figure]:
    counts, settlement, latency = report["counts"], report["settlement"], report["latency"]["authorize"]
    swipes = counts["swipes"]
    share = counts["approved"] / swipes if swipes else None
    unexplained = sum(
        report["reconciliation"][leg]["unexplained"] for leg in ("network_ledger", "ledger_chain", "funding_ledger")
    )
    matched = sum(
        report["reconciliation"][leg]["matched"] for leg in ("network_ledger", "ledger_chain", "funding_ledger")
    )
    return [
        Figure("Swipes", count(swipes), f"busiest second {count(report['throughput']['peak_per_s'])}"),
        Figure("Approved", percent(share), f"{count(counts['approved'])} for {money(counts['approved_cents'] * USDC6_PER_CENT)}"),
        Figure("Answered within, p99", milliseconds(latency["p99_ms"]), f"half within {milliseconds(latency['p50_ms'])}"),
        Figure("Over deadline", count(latency["over_deadline"]), "as the networks saw it"),
        Figure("Settled on chain", money(settlement["settled_usdc6"]), f"{money(settlement['outstanding_usdc6'])} outstanding"),
        Figure("Capture to burn, p99", duration(settlement["lag_p99_s"]), f"half within {duration(settlement['lag_p50_s'])}"),
        Figure("Gas per swipe", count(settlement["gas_per_swipe"]), f"{plural(settlement['batches'], 'batch', 'batches')}, {count(settlement['gas_used'])} gas"),
        Figure("Reconciled", count(matched), f"{plural(unexplained, 'break')} unexplained"),
    ]  # fmt: skip
