"""A failure as a file: what broke, when, the events before it, and the scenario that does it again."""

from __future__ import annotations

import os
import platform
import shlex
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from scenarios.dump import to_yaml
from scenarios.fuzz.case import Case
from scenarios.fuzz.trial import Found, Row, Trial
from scenarios.fuzz.words import event_words
from scenarios.library import shown
from scenarios.problems import BadInput
from scenarios.units import format_duration

SCHEMA = "swipelab.failure/1"
SUFFIX = ".failure.yaml"
LAST_EVENTS = 20
QUIET_KINDS = frozenset({"funds", "ledger", "finding"})
"""Rows that tell nothing of how it came about: figures of the hour, and what is written when the books are closed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure file. ``case`` runs it again under ``found.invariant``'s seed, which stands in the scenario."""

    name: str
    seed: int
    case: Case
    found: Found
    trace_sha256: str
    version: str
    python: str
    events: tuple[str, ...]

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.seed}-{self.found.invariant}{SUFFIX}"


def failure_of(case: Case, name: str, trial: Trial, invariant: str, warmup_ns: int) -> Failure:
    """The failure of this invariant. ``case`` has the trial's seed in its scenario."""
    found = trial.first(invariant)
    if found is None:
        raise ValueError(f"the trial of seed {trial.seed} has no {invariant}")
    events = tuple(event_words(row, warmup_ns) for row in events_before(trial.events, found.at_ns))
    return Failure(
        name, trial.seed, case, found, trial.trace_sha256, version("swipelab"), platform.python_version(), events
    )


def events_before(rows: tuple[Row, ...], at_ns: int, count: int = LAST_EVENTS) -> list[Row]:
    """The last rows until this instant that say what happened."""
    return [row for row in rows if row[0] <= at_ns and row[1] not in QUIET_KINDS][-count:]


def write_failure(failure: Failure, file: Path) -> Path:
    """Write it, whole or not at all; gives the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        fresh.write_text(_text(failure, file), encoding="utf-8")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return file


def _text(failure: Failure, file: Path) -> str:
    found = failure.found
    head = {
        "schema": SCHEMA,
        "invariant": found.invariant,
        "message": found.message,
        "ref": found.ref,
        "account": found.account_id,
        "at": format_duration(found.at_ns),
        "seed": failure.seed,
        "engine": failure.case.engine,
        "version": failure.version,
        "python": failure.python,
        "trace_sha256": failure.trace_sha256,
        "replay": shlex.join(["swipelab", "replay", str(shown(file))]),
        "events": list(failure.events),
    }
    scenario = "".join(f"  {line}\n" for line in failure.case.text.splitlines())
    return f"{to_yaml(head)}scenario:\n{scenario}"


def read_failure(file: Path) -> Failure:
    """Raises BadInput where this is no failure file."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"no failure file {file}{_nearby(file)}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} can't be read: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise BadInput(f"{file} is no failure file: its schema is not {SCHEMA}")
    try:
        return _failure(data)
    except KeyError as error:
        raise BadInput(f"{file} is no whole failure file: it has no {error.args[0]}") from error
    except (TypeError, ValueError) as error:
        raise BadInput(f"{file} is no whole failure file: {error}") from error


def _failure(data: dict[str, Any]) -> Failure:
    from scenarios.units import parse_duration

    texts = {key: str(data[key]) for key in ("invariant", "message", "ref", "account", "engine")}
    found = Found(texts["invariant"], parse_duration(data["at"]), texts["ref"], texts["account"], texts["message"])
    return Failure(
        str(data["scenario"]["name"]), int(data["seed"]), Case(to_yaml(data["scenario"]), texts["engine"]), found,
        str(data["trace_sha256"]), str(data["version"]), str(data["python"]), tuple(map(str, data["events"])),
    )  # fmt: skip


def _nearby(file: Path) -> str:
    from scenarios.problems import nearest

    there = {one.name: one for one in sorted(file.parent.glob(f"*{SUFFIX}"))}
    close = nearest(file.name, there)
    return f": did you mean {there[close]}?" if close else ""
