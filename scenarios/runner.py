"""One run: from a scenario and an engine to a run folder."""

from __future__ import annotations

import hashlib
import platform
import re
import resource
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.dump import resolved_yaml
from scenarios.engines_ref import EngineReference, find_engine
from scenarios.fields import whole_or_float
from scenarios.loader import Loaded, load_scenario
from scenarios.problems import BadInput
from scenarios.resolve import Resolved, resolve
from scenarios.run_folder import EVENTS, REPORT, SCENARIO, check_writable, read_report, whole_or_not

if TYPE_CHECKING:
    from reports import RunFacts
    from simulators.settings import WorldSettings
    from simulators.world import WorldResult

RUNS = Path("runs")
Progress = Callable[[float, int], None]
"""Called with the share of virtual time that has passed (0 to 1) and the swipes so far."""
Watch = Callable[["WorldSettings"], Progress]
"""Called once, when the world is known and before it runs; gives who is told of its progress."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for: which scenario, changed how, with which seed and engine."""

    scenario: str
    engine: str = "engine"
    seed: int | None = None
    explore: bool = False
    overrides: tuple[str, ...] = ()

    def load(self) -> Loaded:
        """The scenario with all changes. Raises BadInput, ScenarioError."""
        explore = ("explore=true",) if self.explore else ()
        return load_scenario(self.scenario, (*self.overrides, *explore), self.seed)

    def command(self, seed: int) -> str:
        """The command line that does the same again."""
        words = ["swipelab", "run", self.scenario, "--seed", str(seed)]
        if self.engine != "engine":
            words += ["--engine", self.engine]
        for override in self.overrides:
            words += ["--set", override]
        return shlex.join([*words, "--explore"] if self.explore else words)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run. ``replaced`` says which run stood in ``folder`` before, or is empty."""

    folder: Path
    report: dict[str, Any]
    replaced: str

    @property
    def ok(self) -> bool:
        return self.report["verdict"] == "pass"


def run_scenario(order: Order, out: Path | None = None, watch: Watch | None = None) -> RunResult:
    """Run it and write the folder, which appears whole or not at all.

    Raises BadInput for what the user can change, KernelError where the engine broke the world.
    """
    loaded = order.load()
    engine = find_engine(order.engine)
    folder = default_folder(order, loaded) if out is None else out
    check_writable(folder)
    resolved = resolve(loaded)
    with whole_or_not(folder) as fresh:
        (fresh / SCENARIO).write_text(resolved_yaml(loaded.scenario), encoding="utf-8")
        progress = watch(resolved.settings) if watch is not None else None
        result, used = _simulate(resolved, engine, fresh / EVENTS, progress)
        facts = _facts(order, loaded, resolved.settings, result, used)
        del resolved  # a million purchases are no small thing, and the report needs the room
        report = _report(fresh, facts)
        replaced = _who_is_there(folder)
    return RunResult(folder, report, replaced)


def default_folder(order: Order, loaded: Loaded) -> Path:
    """runs/SCENARIO-SEED, with the engine where it is another, and a short hash where the scenario was changed."""
    scenario = loaded.scenario
    words = [scenario.name, str(scenario.seed)]
    if order.engine != "engine":
        words.append(re.sub(r"[^A-Za-z0-9_.]+", "_", order.engine))
    if order.overrides or order.explore:
        words.append(hashlib.sha256(resolved_yaml(scenario).encode()).hexdigest()[:6])
    return RUNS / "-".join(words)


@dataclass(frozen=True, slots=True)
class _Used:
    wall_s: float
    cpu_s: float


def _simulate(
    resolved: Resolved, engine: EngineReference, events: Path, progress: Progress | None
) -> tuple[WorldResult, _Used]:
    from scenarios.events_file import EventsFile
    from scenarios.memory import give_back, share_memory
    from simulators.backends.chain.node import NodeError
    from simulators.backends.chain.revm import RevmMissing
    from simulators.kernel.errors import KernelError
    from simulators.world import World, WorldError

    wall, cpu = time.perf_counter(), time.process_time()
    share_memory()
    try:
        with EventsFile(events) as sink:
            world = World(resolved.settings, resolved.purchases, engine.factory, sink)
            result = world.run(progress)
    except (WorldError, NodeError, RevmMissing) as error:
        raise BadInput(str(error)) from error
    except KernelError as error:
        if (stop := stop_behind(error)) is not None:
            raise stop from error
        raise
    del world
    give_back()  # the report needs the room
    return result, _Used(time.perf_counter() - wall, time.process_time() - cpu)


def stop_behind(error: BaseException | None) -> BaseException | None:
    """Ctrl-C, or a request to terminate, that came while a task ran and was taken for the task's failure."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return error
        error = error.__cause__ or error.__context__
    return None


def _facts(order: Order, loaded: Loaded, world: WorldSettings, result: WorldResult, used: _Used) -> RunFacts:
    from reports import RunFacts

    scenario = loaded.scenario
    name = default_folder(order, loaded).name
    return RunFacts(
        id=f"{name}-{result.trace_sha256[:8]}",
        scenario=scenario.name,
        about=scenario.shows,
        seed=scenario.seed,
        engine=order.engine,
        version=version("swipelab"),
        python=platform.python_version(),
        trace_sha256=result.trace_sha256,
        virtual_seconds=result.virtual_ns / 1e9,
        wall_seconds=round(used.wall_s, 3),
        cpu_seconds=round(used.cpu_s, 3),
        peak_rss_mib=round(_peak_rss_mib(), 1),
        start_utc_ns=result.start_ns - world.warmup_ns,  # a fault may have moved it to an edge of the calendar
        budgets={path: whole_or_float(most) for path, most in scenario.budgets.items()},
        deadlines_ns={network.name: network.deadline_ns for network in world.networks},
        command=order.command(scenario.seed),
        invariants=result.invariants,
        settlement_bound_ns=world.terms.settlement_bound_ns,
        gas_exact=world.chain.node != "revm",
    )


def _report(folder: Path, facts: RunFacts) -> dict[str, Any]:
    from reports import build_report, write_run_files

    report = build_report(folder / EVENTS, facts)
    write_run_files(folder, report, facts)
    return report


def _peak_rss_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1_024


def _who_is_there(folder: Path) -> str:
    if not (folder / REPORT).is_file():
        return ""
    run = read_report(folder)["run"]
    return f"{run['scenario']}, seed {run['seed']}, engine {run['engine']}"
