"""summary.md: the verdict and the key figures, short enough for a pull request."""

from __future__ import annotations

import re

from reports.checks import LEG_TITLES
from reports.figures import key_figures
from reports.words import count, duration, milliseconds

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~!])")


def render_markdown(report: dict[str, object]) -> str:
    run, checks = report["run"], report["checks"]
    failed = [check for check in checks if not check["ok"]]
    lines = [f"# {'Passed' if not failed else 'Failed'}: {text(run['scenario'])}", "", text(report["summary"]), ""]
    if run["about"]:
        lines += [f"> {text(run['about'])}", ""]
    if failed:
        lines += [
            "## What failed",
            "",
            *(f"- **{text(check['name'])}**: {text(check['detail'])}" for check in failed),
            "",
        ]
    lines += ["## Key figures", "", "| figure | value | |", "|---|---:|---|"]
    lines += [f"| {figure.title} | {figure.value} | {figure.note} |" for figure in key_figures(report)]
    lines += [
        "",
        "## Latency of authorizations",
        "",
        "| network | swipes | p50 | p95 | p99 | p99.9 | max | over deadline |",
    ]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|", _latency("all", report["latency"]["authorize"])]
    lines += [_latency(name, row) for name, row in report["latency"]["by_network"].items()]
    lines += ["", "## Reconciliation", "", "| leg | matched | explained | unexplained |", "|---|---:|---:|---:|"]
    for name, title in LEG_TITLES.items():
        leg = report["reconciliation"][name]
        lines.append(f"| {title} | {leg['matched']:,} | {leg['explained']:,} | {leg['unexplained']:,} |")
    lines += _faults(report["faults"])
    lines += ["", "## Checks", "", "| check | | detail |", "|---|---|---|"]
    lines += [f"| {text(c['name'])} | {'ok' if c['ok'] else '**failed**'} | {text(c['detail'])} |" for c in checks]
    lines += [
        "", "## The same again", "", "```", run["command"].replace("```", "` ` `"), "```", "",
        provenance(run), "",
    ]  # fmt: skip
    return "\n".join(lines)


def provenance(run: dict) -> str:
    return (
        f"Run {text(run['id'])}, seed {run['seed']}, engine {text(run['engine'])}, Swipelab {text(run['version'])}, "
        f"Python {text(run['python'])}. {duration(run['virtual_seconds'])} of virtual time in "
        f"{duration(run['wall_seconds'])}. Trace SHA-256 {text(run['trace_sha256'])}."
    )


def _faults(faults: dict) -> list[str]:
    if not faults:
        return []
    head = ["", "## Faults", "", "| kind | planned | injected | observed | skipped |", "|---|---:|---:|---:|---:|"]
    columns = ("planned", "injected", "observed", "skipped")
    return head + [
        f"| {text(kind)} | {' | '.join(f'{row.get(column, 0):,}' for column in columns)} |"
        for kind, row in faults.items()
    ]


def _latency(name: str, row: dict) -> str:
    cells = [milliseconds(row[key]) for key in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")]
    return f"| {text(name)} | {count(row['count'])} | {' | '.join(cells)} | {count(row['over_deadline'])} |"


def text(value: object) -> str:
    """Words of a scenario or an engine as plain text: no markup of theirs takes effect."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
