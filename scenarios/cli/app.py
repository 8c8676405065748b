"""The commands and their options. Each body imports its part, so that `swipelab --help` stays quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.cli.services import services

app = typer.Typer(
    name="swipelab",
    help="Prove a crypto-debit-card engine in a simulated card world, before real money meets it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
traces = typer.Typer(help="Recorded purchases: make a trace, check one.", rich_markup_mode=None)
app.add_typer(traces, name="trace")
app.add_typer(services)

ScenarioArgument = Annotated[str, typer.Argument(help="A scenario file, or a library name.", show_default=False)]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="REF",
        help="engine, naive, reference, bug:ID, package.module:factory, asgi:package.module:app.",
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value; may be repeated.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, max=2**63 - 1, help="Instead of the scenario's own.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("swipelab"))
        raise typer.Exit


@app.command()
def run(
    scenario: ScenarioArgument,
    seed: SeedOption = None,
    engine: EngineOption = "engine",
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/SCENARIO-SEED]")] = None,
    override: SetOption = None,
    explore: Annotated[bool, typer.Option("--explore", help="Let the seed shuffle ties in time.")] = False,
    orders: Annotated[
        int | None,
        typer.Option("--exhaust", min=1, metavar="N", help="Run all orders of ties, or N; failures go to --out."),
    ] = None,
) -> None:
    """Run one scenario and write its run folder."""
    from scenarios.runner import Order

    order = Order(scenario, engine, seed, explore, tuple(override or ()))
    if orders is not None:
        from scenarios.cli import exhausting

        raise typer.Exit(exhausting.exhaust(order, orders, out or Path("runs/fuzz")))
    from scenarios.cli import running

    raise typer.Exit(running.run(order, out))


@app.command()
def suite(
    pattern: Annotated[
        str | None, typer.Argument(metavar="[GLOB]", help="Library names or files. [default: the library]")
    ] = None,
    engine: EngineOption = "engine",
    seed: SeedOption = None,
    out: Annotated[Path | None, typer.Option(help="The suite's folder. [default: runs/suite]")] = None,
    override: SetOption = None,
) -> None:
    """Run many scenarios: one verdict, one JUnit file."""
    from scenarios.cli import running

    raise typer.Exit(running.suite(pattern, engine, seed, out, tuple(override or ())))


@app.command()
def replay(
    again: Annotated[
        Path, typer.Argument(metavar="RUN_OR_FAILURE", help="A run folder, or a failure file.", show_default=False)
    ],
) -> None:
    """Run a run folder or a failure again and say whether it is the same, bit for bit."""
    if again.name.endswith(".failure.yaml") or again.is_file():
        from scenarios.cli import failures

        raise typer.Exit(failures.replay(again))
    from scenarios.cli import running

    raise typer.Exit(running.replay(again))


@app.command()
def fuzz(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or a library name.")] = "storm",
    seeds: Annotated[str, typer.Option(metavar="A:B", help="Seeds A to B - 1.")] = "0:200",
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    seconds: Annotated[float | None, typer.Option("--time", min=0, help="Stop after so many seconds.")] = None,
    engine: EngineOption = "engine",
    out: Annotated[Path, typer.Option(help="Where failures are kept.")] = Path("runs/fuzz"),
    override: SetOption = None,
    explore: Annotated[
        bool | None, typer.Option("--explore/--no-explore", help="Let each seed shuffle ties in time, or not.")
    ] = None,
    executor: Annotated[str, typer.Option(metavar="dask://HOST:PORT", help="Run on a Dask cluster.")] = "",
    keep: Annotated[int, typer.Option(min=1, help="Failure files of each invariant; more are only counted.")] = 20,
) -> None:
    """Search the seeds of a scenario for failures; keep each as a small file."""
    from scenarios.cli import fuzzing
    from scenarios.runner import Order

    chosen = () if explore is None else (f"explore={str(explore).lower()}",)
    order = Order(scenario, engine, None, False, (*(override or ()), *chosen))
    raise typer.Exit(fuzzing.fuzz(fuzzing.Search(order, seeds, jobs, seconds, out, executor, keep)))


@app.command()
def shrink(
    failure: Annotated[Path, typer.Argument(help="A failure file.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The file to write. [default: FAILURE.shrunk]")] = None,
    seconds: Annotated[float | None, typer.Option("--time", min=0, help="Stop after so many seconds.")] = None,
) -> None:
    """Take swipes, people, faults and ties out of a failure until nothing more can go."""
    from scenarios.cli import failures

    raise typer.Exit(failures.shrink(failure, out, seconds))


@app.command()
def report(folder: RunArgument) -> None:
    """Show a run's verdict, and render its pages again from what it recorded."""
    from scenarios.cli import reading

    raise typer.Exit(reading.report(folder))


@app.command()
def compare(
    base: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Percent that a figure may become worse before it is a regression.")
    ] = 5.0,
) -> None:
    """Set two runs side by side; exit 1 where the new one regressed."""
    from scenarios.cli import reading

    raise typer.Exit(reading.compare(base, new, tolerance))


@app.command()
def conform(
    engine: Annotated[str, typer.Option("--engine", metavar="REF", help="As for `run`.")] = "engine",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FEATURE", help="A row, a rule or one case; may be repeated.")
    ] = None,
    examples: Annotated[int, typer.Option(min=1, help="How many lives the state machine lives.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
) -> None:
    """Try every rule of the seam on an engine; a table by feature, and what is broken."""
    from scenarios.cli import conform as conformance

    raise typer.Exit(conformance.conform(engine, tuple(only or ()), examples, as_json))


@traces.command("import")
def trace_import(
    source: Annotated[str, typer.Argument(help="completejourney", show_default=False)],
    out: Annotated[Path, typer.Option(help="The trace to write: .csv or .parquet.", show_default=False)],
    week: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Only the seven days from this one on.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder with the source's files, if not installed.")] = None,
) -> None:
    """Make a published transaction log a trace."""
    from scenarios.cli import tracing

    raise typer.Exit(tracing.import_source(source, out, week, data))


@traces.command("check")
def trace_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .parquet trace.", show_default=False)],
) -> None:
    """Read a trace and say what is in it, or all that is wrong with it."""
    from scenarios.cli import tracing

    raise typer.Exit(tracing.check(file))


@app.command()
def bugs(
    ids: Annotated[
        list[str] | None, typer.Option("--ids", metavar="GLOB", help="Only bugs of these ids; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Of each bug; all of 59 caught is 95 % with 95 % confidence.")] = 59,
    right_seeds: Annotated[int, typer.Option(min=0, help="Of the right engine.")] = 1_000,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    time: Annotated[float | None, typer.Option(min=0, metavar="S", help="Begin nothing after so many seconds.")] = None,
    ablation_seeds: Annotated[
        int, typer.Option(min=0, help="Also without faults, with ties in order, with the unit tests alone; 0: not.")
    ] = 10,
    keep: Annotated[
        Path | None, typer.Option(help="Keep results here as they come; what the file has is not done again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write the page of the figures: docs/BUGS.md.")] = None,
) -> None:
    """Run engines with one planted bug each: which are caught, how fast, by what."""
    import os

    from scenarios.bugs.orders import Wanted
    from scenarios.cli import bugs as hunting

    wanted = Wanted(
        hunting.chosen(tuple(ids or ())),
        seeds,
        right_seeds,
        min(ablation_seeds, seeds),
        jobs or os.cpu_count() or 1,
        time,
    )
    raise typer.Exit(hunting.bugs(wanted, as_json=as_json, page=page, keep=keep))


@app.command()
def doctor() -> None:
    """What is installed, what is missing, what to do."""
    from scenarios.cli import doctor as examine

    raise typer.Exit(examine.doctor())


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from scenarios.schema import schema_text

    print(schema_text(), end="")
