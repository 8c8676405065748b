"""`swipelab chaos`: parts of a service die under load, one after the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scenarios.chaos.faults import FAULTS, Fault
from scenarios.chaos.stage import staged
from scenarios.chaos.trial import Outcome, trials
from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.problems import BadInput, nearest

HEAD = "| fault | swipes | tries that failed | down for | first answer after | steady after | verdict |"
RULE = "|---|---:|---:|---:|---:|---:|---|"


def chaos(only: tuple[str, ...], rate_per_s: float, seed: int, out: Path) -> int:
    """Try the faults, print a line for each, write chaos.json and chaos.md. Raises BadInput."""
    faults = [_named(name) for name in only] or list(FAULTS)
    console, outcomes = screen.out(), []

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        console.print(line(outcome), markup=False, soft_wrap=True)
        for finding in outcome.findings[:10]:
            console.print(f"    {finding}", markup=False, soft_wrap=True)

    console.print(HEAD, RULE, sep="\n", markup=False, soft_wrap=True)
    for chained in (False, True):
        some = [fault for fault in faults if fault.chained is chained]
        if some:
            with staged(chained=chained) as stage:
                trials(stage, some, rate_per_s, seed, told)
    out.mkdir(parents=True, exist_ok=True)
    (out / "chaos.json").write_text(json.dumps([figures(outcome) for outcome in outcomes], indent=2) + "\n")
    (out / "chaos.md").write_text("\n".join([HEAD, RULE, *map(line, outcomes)]) + "\n")
    failed = sum(not outcome.ok for outcome in outcomes)
    verdict = f"FAILED  {failed} of {len(outcomes)}" if failed else f"PASSED  all {len(outcomes)}"
    console.print(f"{verdict} faults at {rate_per_s:g} swipes/s; {out / 'chaos.json'}", markup=False)
    return FAILED if failed else PASSED


def line(outcome: Outcome) -> str:
    """A row of the table."""
    back = outcome.recovery
    verdict = "nothing lost" if outcome.ok else ("never steady" if not outcome.findings else "BOOKS BROKEN")
    cells = (
        outcome.fault.words, f"{outcome.swipes}", f"{outcome.failed_tries}", f"{outcome.down_s:.2f} s",
        _seconds(back.first_s), _seconds(back.steady_s), verdict,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def figures(outcome: Outcome) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "fault": outcome.fault.name, "ok": outcome.ok, "swipes": outcome.swipes, "unanswered": outcome.unanswered,
        "failed_tries": outcome.failed_tries, "down_s": round(outcome.down_s, 3), "first_s": outcome.recovery.first_s,
        "steady_s": outcome.recovery.steady_s, "findings": list(outcome.findings),
        "troubles": dict(outcome.troubles),
    }  # fmt: skip


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def _named(name: str) -> Fault:
    for fault in FAULTS:
        if fault.name == name:
            return fault
    names = [fault.name for fault in FAULTS]
    near = nearest(name, names)
    raise BadInput(f"--only {name}: no such fault" + (f"; did you mean {near}?" if near else f": {', '.join(names)}"))
