"""One sentence a section: what its figures say, before they are shown."""

from __future__ import annotations

from reports.reconciliation import LEGS
from reports.words import count, duration, milliseconds, money, percent, plural

Report = dict[str, object]


def latency(report: Report) -> str:
    figures = report["latency"]["authorize"]
    if not figures["count"]:
        return "Nothing was authorized, so there is no latency to speak of."
    missed = figures["over_deadline"]
    late = (
        f"{plural(missed, 'swipe')} missed {'its' if missed == 1 else 'their'} deadline"
        if missed
        else "none missed its deadline"
    )
    if figures["count"] == 1:
        return f"The one swipe was answered within {milliseconds(figures['max_ms'])}; {late}."
    return (
        f"Half of {plural(figures['count'], 'swipe')} were answered within {milliseconds(figures['p50_ms'])}, "
        f"99 in 100 within {milliseconds(figures['p99_ms'])}; {late}."
    )


def declines(report: Report) -> str:
    counts = report["counts"]
    unanswered = counts["timeouts"] + counts["errors"]
    if not counts["declined"] and not unanswered:
        return "Every swipe was approved." if counts["swipes"] else "There was no swipe."
    words = f"{percent(counts['declined'] / counts['swipes'])} of swipes were declined"
    if counts["declined"]:
        first = next(iter(counts["declines"]))
        words += f", most of them for {first.replace('_', ' ')}"
    if unanswered:
        words += f"; the network had to answer {plural(unanswered, 'swipe')} itself"
    return words + "."


def funds(report: Report) -> str:
    last = report["funds"]["last"]
    if "supply" not in last:
        return "The run recorded no balances."
    moving = {name: last.get(name, 0) for name in ("held", "unsettled", "withdrawing", "receivable")}
    rest = ", ".join(f"{money(amount)} {name}" for name, amount in moving.items() if amount)
    if not any(name in last for name in moving):
        return f"At the end the chain held {money(last['supply'])} for customers; the engine shows no balances."
    held = f"At the end the chain held {money(last['supply'])} for customers"
    return f"{held}; {rest or 'nothing was held, unsettled or owed'}."


def settlement(report: Report) -> str:
    figures = report["settlement"]
    if not figures["users"]:
        return "Nothing was settled on chain."
    words = (
        f"{money(figures['settled_usdc6'])} was burned in {plural(figures['batches'], 'batch', 'batches')} for "
        f"{count(figures['gas_used'])} gas"
    )
    if figures["lag_p50_s"] is not None:
        words += f"; half of all captures were on chain within {duration(figures['lag_p50_s'])}"
        words += f", 99 in 100 within {duration(figures['lag_p99_s'])}"
        words += f" ({duration(report['run']['settlement_bound_s'])} is agreed)"
    if figures["burned_early"]:
        words += f"; {plural(figures['burned_early'], 'capture')} burned before being presented"
    return words + "."


def reconciliation(report: Report) -> str:
    section = report["reconciliation"]
    matched, explained, unexplained = (
        sum(section[leg][key] for leg in LEGS) for key in ("matched", "explained", "unexplained")
    )
    if not matched and not explained and not unexplained:
        return "There was nothing to reconcile."
    if unexplained:
        words = f"{plural(unexplained, 'break')} can't be explained"
        words += f", {count(explained)} can" if explained else ""
        return f"{words}; {count(matched)} entries agree to the cent."
    words = f"Network, ledger and chain agree to the cent on {plural(matched, 'entry', 'entries')}"
    return f"{words}; {plural(explained, 'break')} explained." if explained else f"{words}."


def checks(report: Report) -> str:
    failed = sum(not check["ok"] for check in report["checks"])
    return (
        f"{len(report['checks']) - failed} held, {failed} failed." if failed else f"All {len(report['checks'])} held."
    )
