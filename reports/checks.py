"""What a run is judged by: budgets, invariants and reconciliation, each one check in words that a tester can act on."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np

from engine.interface import DeclineReason
from reports.counts import by_result
from reports.facts import RunFacts
from reports.frames import Events, Rows
from reports.leaves import leaves
from reports.load import with_meaning
from reports.reconciliation import LEGS
from reports.words import figure, money, plural, short, times, virtual_time

INVARIANTS = {
    "I1": "conservation",
    "I2": "no overspend",
    "I3": "exactly once",
    "I4": "limits",
    "I5": "no lost approval",
    "I6": "no zombie hold",
    "I7": "settled once",
    "I8": "backing",
    "I9": "lifecycle",
    "I10": "reconciled",
    "I11": "funding",
    "I12": "liveness",
    "I13": "secrecy",
    "I14": "determinism",
}
LEG_TITLES = {
    "network_ledger": "Network clearing against the ledger",
    "ledger_chain": "Ledger against the chain",
    "funding_ledger": "Chain funding against the ledger",
}
LISTED_FINDINGS = 200


def check(
    name: str, group: str, ok: bool, measured: float | None, budget: float | None, detail: str
) -> dict[str, object]:
    return {"name": name, "group": group, "ok": ok, "measured": measured, "budget": budget, "detail": detail}


def budget_checks(report: Mapping[str, object], budgets: Mapping[str, float]) -> list[dict[str, object]]:
    """One check a budget: the figure at the path is at most the budget; with ``.min`` behind the path, at least.

    A path that the report does not have fails and names the nearest one; a figure without a single sample fails too.
    """
    nobody = {f"counts.declines.{reason}": 0 for reason in DeclineReason}  # the report names only what happened
    figures = nobody | dict(leaves(report))
    return [with_meaning(_budget(path, limit, figures)) for path, limit in budgets.items()]


def _budget(path: str, limit: float, figures: Mapping[str, float | int | None]) -> dict[str, object]:
    lowest = path not in figures and path.endswith(".min")
    where = path.removesuffix(".min") if lowest else path
    if where not in figures:
        near = difflib.get_close_matches(where, figures, n=1, cutoff=0)
        hint = f"; the nearest is {near[0]}" if near else ""
        return check(path, "budget", False, None, limit, f"the report has no such figure{hint}")
    measured = figures[where]
    if measured is None:
        return check(path, "budget", False, None, limit, "not measured: the run had no sample of it")
    ok = measured >= limit if lowest else measured <= limit
    relation = ("at least {} is asked" if lowest else "at most {} is allowed").format(figure(where, limit))
    words = f"{figure(where, measured)}; {relation}"
    if not ok and limit > 0 and measured > 0:
        share = measured / limit
        words += (
            f": {times(share)} as much"
            if share >= 2
            else f": {abs(share - 1) * 100:.3g} % {'short' if lowest else 'over'}"
        )
    return check(path, "budget", ok, measured, limit, words)


def findings_section(events: Events) -> dict[str, object]:
    """What the auditor found: how many per invariant, and the first ones in words."""
    rows = events.of("finding")
    return {
        "total": len(rows),
        "by_invariant": by_result(events, "finding"),
        "first": [
            {
                "invariant": row["result"],
                "at_ns": int(row["at_ns"]),
                "ref": row["ref"],
                "account": row["account"],
                "detail": row["detail"],
            }
            for row in _findings(rows, _by_time(rows)[:LISTED_FINDINGS])
        ],
    }


def _by_time(rows: Rows) -> np.ndarray:
    return np.argsort(rows.ints("at_ns"), kind="stable")


def _findings(rows: Rows, at: np.ndarray) -> list[dict[str, object]]:
    """The findings at these places, as records."""
    return rows.frame(["at_ns", "ref", "account", "result", "detail"], at).to_dict("records")


def invariant_checks(events: Events, audited: tuple[str, ...]) -> list[dict[str, object]]:
    """One check an invariant; what was found broken is a failed check even where it was not asked for."""
    rows, counts = events.of("finding"), by_result(events, "finding")
    order = _by_time(rows)
    codes, names = rows.words("result")
    firsts = [order[np.argmax(codes[order] == names.index(name))] for name in counts]
    first = dict(zip(counts, _findings(rows, np.array(firsts, int)), strict=True))
    found = sorted(set(counts) - set(audited), key=_number)
    return [_invariant(name, counts.get(name, 0), first.get(name)) for name in (*audited, *found)]


def _number(invariant: str) -> tuple[int, str]:
    digits = invariant.lstrip("I")
    return (int(digits) if digits.isdigit() else 1_000, invariant)


def _invariant(number: str, count: int, first: Mapping[str, object] | None) -> dict[str, object]:
    title = f"{number} {INVARIANTS[number]}" if number in INVARIANTS else number
    if first is None:
        return check(title, "invariant", True, 0, 0, "held at every event")
    about = short(str(first["ref"])) or str(first["account"])
    words = f"{plural(count, 'finding')}; the first at {virtual_time(int(first['at_ns']))}"
    words += f", {about}: " if about else ": "
    return check(title, "invariant", False, count, 0, words + str(first["detail"]))


def reconciliation_checks(section: Mapping[str, object]) -> list[dict[str, object]]:
    """One check a leg: ok where nothing is left unexplained."""
    return [_leg(name, section) for name in LEGS]


def _leg(name: str, section: Mapping[str, object]) -> dict[str, object]:
    figures = section[name]
    unexplained, explained = figures["unexplained"], figures["explained"]
    words = f"{figures['matched']:,} matched"
    if explained:
        words += f", {plural(explained, 'break')} explained"
    if unexplained:
        first = next(b for b in section["breaks"] if b["leg"] == name and b["explained_by"] is None)
        meaning = next(k["meaning"] for k in section["by_kind"] if (k["leg"], k["kind"]) == (name, first["kind"]))
        words += f", {plural(unexplained, 'break')} unexplained; the first: {meaning} ({break_words(first)})"
    return check(f"reconciliation.{name}", "reconciliation", not unexplained, unexplained, 0, words)


def break_words(found: Mapping[str, object]) -> str:
    """``pres-17, expected $41.07, found $0.00``; the two accounts where these are the difference."""
    ref = short(found["ref"])
    if found["kind"].endswith("wrong_account"):
        return f"{ref}, {money(found['actual'])}, of {found['account']}, booked on {found['booked_on']}"
    return f"{ref}, expected {money(found['expected'])}, found {money(found['actual'])}"


def engine_checks(report: Mapping[str, object], budgets: Mapping[str, float]) -> list[dict[str, object]]:
    """An engine answers: it never crashes, and leaves no authorization unanswered unless a budget allows it."""
    counts, crashes = report["counts"], report["crashes"]
    words = "the engine raised nothing that it may not raise"
    if crashes:
        first = crashes[0]
        words = (
            f"{plural(counts['crashes'], 'crash', 'crashes')}; {first['error']} on {first['message']} "
            f"{plural(first['count'], 'time')}, {first['detail']}"
        )
    found = [check("engine.crashes", "engine", not crashes, counts["crashes"], 0, words)]
    if not {"counts.errors", "load.error_share"} & set(budgets):
        errors = counts["errors"]
        words = (
            "every authorization was answered"
            if not errors
            else (
                f"{plural(errors, 'authorization')} met an error instead of an answer until the deadline; "
                "a budget on counts.errors may allow some"
            )
        )
        found.append(check("engine.errors", "engine", not errors, errors, 0, words))
    return found


def all_checks(report: Mapping[str, object], events: Events, facts: RunFacts) -> list[dict[str, object]]:
    """Budgets first, then whether the engine answered at all, then invariants, then reconciliation."""
    return [
        *budget_checks(report, facts.budgets),
        *engine_checks(report, facts.budgets),
        *invariant_checks(events, facts.invariants),
        *reconciliation_checks(report["reconciliation"]),
    ]
