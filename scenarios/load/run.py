"""One load run: accounts are opened, the load happens, what came of it is judged, and a run folder appears."""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import yaml

from engine.interface import Balance, EngineError, StatementEntry, StatementKind, Terms
from scenarios.behind_url import look
from scenarios.load.hearing import Clocks, Hearing
from scenarios.load.messages import USDC6_PER_CENT, Messages
from scenarios.load.processes import LoadFault, generate
from scenarios.load.samples import Kind, Samples
from scenarios.load.service import Service
from scenarios.load.spec import LoadSpec
from scenarios.load.table import Table
from scenarios.load.traffic import FUNDS_CENTS, NETWORKS, Traffic
from scenarios.problems import BadInput
from scenarios.run_folder import EVENTS, check_writable, whole_or_not
from simulators.auditor import Auditor, ChainEvent
from simulators.http_engine import WrongBody

if TYPE_CHECKING:
    from reports import RunFacts

RUNS = Path("runs")
LOAD = "load.yaml"
SLACK_NS = 60 * 1_000_000_000
"""How far the clock over there may be off."""
MEMORY_NS = 60 * 1_000_000_000
"""For so long the auditor remembers what has ended: a repeat follows its request within a second."""
UNREAD = "load"
"""What a finding is about where the engine did not say what it has."""
Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is."""


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """``spec`` without a prefix; ``budgets`` by path into the report; ``command`` does the same again, without key."""

    spec: LoadSpec
    budgets: dict[str, float]
    command: str
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class LoadResult:
    folder: Path
    report: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.report["verdict"] == "pass"


def run_load(order: LoadOrder, out: Path | None, progress: Progress) -> LoadResult:
    """Raises BadInput for what the user can change, LoadFault where the generator broke."""
    spec = _named(order.spec)
    folder = out if out is not None else RUNS / f"{spec.name}-{spec.seed}"
    check_writable(folder)
    traffic = spec.traffic()
    if not len(traffic):
        raise BadInput("nothing was to be sent with this seed: give a higher --rate or a longer --duration")
    look(spec.url, order.api_key, f"--url {spec.url}")
    with whole_or_not(folder) as fresh:
        document = {**{key: value for key, value in asdict(spec).items() if value != ""}, "budgets": order.budgets}
        (fresh / LOAD).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        scratch = fresh / "samples"
        scratch.mkdir()
        run = _Run(order, spec, traffic, scratch, progress)
        with Table(fresh / EVENTS) as table:
            run.all(table)
        shutil.rmtree(scratch)
        progress("writing the report", 1.0)
        report = _report(fresh, run.facts(fresh / EVENTS, folder.name))
    return LoadResult(folder, report)


def _named(spec: LoadSpec) -> LoadSpec:
    """With ids of its own, whatever else ran at the same engine."""
    return LoadSpec(**{**asdict(spec), "prefix": f"L{time.time_ns():x}-"})


class _Run:
    """What one run knows while it goes."""

    def __init__(self, order: LoadOrder, spec: LoadSpec, traffic: Traffic, scratch: Path, progress: Progress) -> None:
        self._order, self._spec, self._traffic = order, spec, traffic
        self._scratch, self._progress = scratch, progress
        self._wall_s, self._cpu_s = time.perf_counter(), _cpu_s()
        self._utc_offset_ns = time.time_ns() - time.monotonic_ns()
        self._zero_ns = time.monotonic_ns()
        self._auditor = Auditor(Terms(), slack_ns=SLACK_NS, memory_ns=MEMORY_NS, chain=False)
        self._accounts = sorted(set(np.unique(traffic.account).tolist()))
        self._seconds = 0.0

    def all(self, table: Table) -> None:
        """From the first account to the last line of the statement."""
        names = Messages(self._traffic, self._spec.prefix, 0)
        asyncio.run(self._prepare(names, table))
        words = generate(self._spec, self._scratch, self._utc_offset_ns, self._order.api_key, self._heed)
        begin_ns = json.loads((self._scratch / "begin.json").read_text(encoding="utf-8"))["begin_ns"]
        workers = [Samples(self._scratch, number) for number in range(self._spec.processes)]
        _agree(words, workers, len(self._traffic))
        end_ns = max((int(one.exchanges["answered"].max()) for one in workers if len(one.exchanges)), default=begin_ns)
        self._seconds = (end_ns - begin_ns) / 1e9
        messages = Messages(self._traffic, self._spec.prefix, begin_ns + self._utc_offset_ns)
        clocks = Clocks(begin_ns, self._zero_ns, self._utc_offset_ns)
        self._progress("the auditor listens", 1.0)
        Hearing(workers, messages, clocks, self._spec.deadline_ns, self._auditor, table).all()
        self._progress("reading balances and statement", 1.0)
        asyncio.run(self._close(messages, table))
        for finding in self._auditor.findings:
            at_ns = finding.at_ns - self._utc_offset_ns - self._zero_ns
            table.row(
                at_ns, "finding", finding.ref, finding.account_id, result=finding.invariant, detail=finding.message
            )

    def _heed(self, due: int, answered: int) -> None:
        self._progress(f"{answered:,} answered", due / max(len(self._traffic), 1))

    def _now(self) -> int:
        return time.monotonic_ns() + self._utc_offset_ns

    def _at(self) -> int:
        return time.monotonic_ns() - self._zero_ns

    async def _prepare(self, names: Messages, table: Table) -> None:
        self._progress(f"opening {len(self._accounts):,} accounts", 0.0)
        service = Service(self._spec, self._order.api_key, names, self._auditor, self._now)

        def note(message: Any, answer: Any, sent: int, answered: int) -> None:
            if answer is not None:
                what, at_ns = (message.deposit_id, message.account_id), self._at()
                table.row(at_ns, "chain.deposit", *what, usdc6=message.amount_usdc6)
                word = "applied" if answer.applied else "duplicate"
                table.row(at_ns, "deposit", *what, usdc6=message.amount_usdc6, result=word, latency_ns=answered - sent)

        try:
            await service.open(self._accounts, note)
        finally:
            await service.aclose()
        self._funds(table, {"available": len(self._accounts) * FUNDS_CENTS * USDC6_PER_CENT})

    async def _close(self, messages: Messages, table: Table) -> None:
        """What the engine says that it has, now that nothing is in flight any more."""
        service = Service(self._spec, self._order.api_key, messages, self._auditor, self._now)
        try:
            statement = await service.statement()
            balances = await service.balances(self._accounts)
        except (EngineError, httpx.HTTPError, WrongBody) as error:
            said = f"after the load the engine did not say what it has ({type(error).__name__}: {error})"
            table.row(self._at(), "finding", UNREAD, result="I5", detail=said)
            return
        finally:
            await service.aclose()
        self._judge(table, balances, statement)

    def _judge(self, table: Table, balances: list[Balance], statement: list[StatementEntry] | None) -> None:
        burned = [one for one in statement or () if one.kind is StatementKind.SETTLEMENT]
        for entry in burned:  # its chain is its own; that it burned so much is taken at its word
            event = ChainEvent("CardSettlement", entry.account_id, entry.amount_usdc6, entry.ref, f"{entry.ref}:0")
            self._auditor.chain(self._now(), event)
        for balance in balances:
            self._auditor.balance(self._now(), balance)
        names = ("available", "held", "unsettled", "withdrawing", "receivable")
        self._funds(table, {name: sum(getattr(one, f"{name}_usdc6") for one in balances) for name in names})
        if statement is not None:
            self._auditor.statement(statement)
        for entry in statement or ():
            at_ns = entry.at_ns - self._utc_offset_ns - self._zero_ns
            table.row(at_ns, "ledger", entry.ref, entry.account_id, usdc6=entry.amount_usdc6, result=str(entry.kind))
        self._auditor.finish(self._now())

    def _funds(self, table: Table, amounts_usdc6: dict[str, int]) -> None:
        for name, amount in amounts_usdc6.items():
            table.row(self._at(), "funds", name, usdc6=amount)

    def facts(self, events: Path, name: str) -> RunFacts:
        from reports import RunFacts

        spec, wall_s = self._spec, time.perf_counter() - self._wall_s
        sha256 = _sha256(events)
        return RunFacts(
            id=f"{name}-{sha256[:8]}",
            scenario=spec.name,
            about=_about(spec, len(self._traffic)),
            seed=spec.seed,
            engine=spec.url,
            version=version("swipelab"),
            python=platform.python_version(),
            trace_sha256=sha256,
            virtual_seconds=round(self._seconds, 3),
            wall_seconds=round(wall_s, 3),
            cpu_seconds=round(_cpu_s() - self._cpu_s, 3),
            peak_rss_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024, 1),
            start_utc_ns=self._zero_ns + self._utc_offset_ns,
            budgets=self._order.budgets,
            deadlines_ns=dict.fromkeys(NETWORKS, spec.deadline_ns),
            command=self._order.command,
            invariants=self._auditor.invariants,
        )


def _agree(words: dict[int, Any], workers: list[Samples], arrivals: int) -> None:
    """Nothing got lost on the way here. Raises LoadFault."""
    planned = sum(int(np.isin(one.exchanges["kind"], (Kind.AUTHORIZE, Kind.UNSENT)).sum()) for one in workers)
    if planned != arrivals:
        raise LoadFault(f"{arrivals:,} arrivals were planned, and {planned:,} were accounted for")
    heard = sum(int((one.exchanges["kind"] != Kind.UNSENT).sum()) for one in workers)
    counted = words[-1]["stats"] if -1 in words else sum(word.get("stats", 0) for word in words.values())
    cut_off = sum(note == "the run was over" for one in workers for note in one.notes)
    if counted + cut_off != heard:
        raise LoadFault(f"Locust counted {counted:,} requests, and {heard - cut_off:,} were written down")


def _about(spec: LoadSpec, arrivals: int) -> str:
    where = "one card" if spec.hot_card else f"{spec.accounts:,} accounts"
    return f"{arrivals:,} open arrivals on {where}, decided within the deadline of {spec.profile}"


def _report(folder: Path, facts: RunFacts) -> dict[str, Any]:
    from reports import build_report, write_run_files

    report = build_report(folder / EVENTS, facts)
    write_run_files(folder, report, facts)
    return report


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _cpu_s() -> float:
    """Of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
