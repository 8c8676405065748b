"""All outcomes as a table by feature, in words and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.conformance.registry import FEATURES
from scenarios.conformance.trial import Outcome, Result


@dataclass(frozen=True, slots=True)
class Report:
    """What came of every case that was run, in the order of the table."""

    engine: str
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """No rule is broken, and at least one was kept."""
        return not self.failed and any(outcome.result is Result.PASS for outcome in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.result is Result.FAIL)

    def count(self, result: Result) -> int:
        return sum(outcome.result is result for outcome in self.outcomes)

    def rows(self) -> list[tuple[str, dict[Result, int]]]:
        """How many of each result, feature by feature."""
        table: dict[str, dict[Result, int]] = {}
        for outcome in self.outcomes:
            row = table.setdefault(outcome.case.feature, dict.fromkeys(Result, 0))
            row[outcome.result] += 1
        return [(feature, table[feature]) for feature in FEATURES if feature in table]

    def rules(self, result: Result) -> list[tuple[str, list[Outcome]]]:
        """The outcomes with this result, rule by rule."""
        found: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            if outcome.result is result:
                found.setdefault(outcome.case.family, []).append(outcome)
        return list(found.items())

    def as_json(self) -> dict[str, Any]:
        """For scripts; fields only ever grow."""
        return {
            "schema": "swipelab.conformance/1",
            "engine": self.engine,
            "verdict": "pass" if self.ok else "fail",
            "features": [
                {"feature": feature} | {str(result): count for result, count in row.items()}
                for feature, row in self.rows()
            ],
            "cases": [_json_of(outcome) for outcome in self.outcomes],
        }


def _json_of(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "case": case.name,
        "feature": case.feature,
        "rule": case.rule,
        "values": {name: _plain(value) for name, value in case.values.items()},
        "result": str(outcome.result),
        "said": list(outcome.said),
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | None) else repr(value)
