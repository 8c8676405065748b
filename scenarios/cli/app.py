"""The commands and their options. Each body imports its part, so that `swipelab --help` stays quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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


@app.command()
def load(
    url: Annotated[str, typer.Option(metavar="URL", help="A service that speaks the HTTP contract.")],
    rate: Annotated[float | None, typer.Option(min=0.01, metavar="N", help="Arrivals a second.")] = None,
    duration: Annotated[float | None, typer.Option(min=0.1, metavar="S", help="Seconds of arrivals.")] = None,
    shape: Annotated[str, typer.Option(help="poisson, ramp, spike, soak or trace.")] = "poisson",
    peak: Annotated[float | None, typer.Option(min=0.01, help="Of a spike: arrivals a second. [5 x rate]")] = None,
    spike_at: Annotated[float | None, typer.Option(min=0, help="When the spike begins. [a third of it]")] = None,
    spike_for: Annotated[float | None, typer.Option(min=0, help="How long it lasts. [a sixth of it]")] = None,
    trace: Annotated[Path | None, typer.Option(metavar="FILE", help="Purchases to replay.")] = None,
    speed: Annotated[float, typer.Option(min=0.001, help="How many times quicker than recorded.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Same seed, same arrivals.")] = 1,
    accounts: Annotated[int | None, typer.Option(min=1, help="One card each. [by arrivals: 50 to 5000]")] = None,
    hot_card: Annotated[bool, typer.Option("--hot-card", help="All on one card.")] = False,
    profile: Annotated[str, typer.Option(help="Whose deadline: bridge, stripe, marqeta, lithic, adyen ...")] = "stripe",
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="NAME=VALUE", help="p99=250, errors=0.001; repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Locust worker processes. [0: one, without a master]")] = 0,
    retry_share: Annotated[float, typer.Option(min=0, max=0.8, help="Of requests sent twice, a third at once.")] = 0.03,
    connections: Annotated[int, typer.Option(min=1, help="Kept open at most.")] = 256,
    in_flight: Annotated[int | None, typer.Option(min=1, help="At most. [4 s of arrivals]")] = None,
    api_key: Annotated[str, typer.Option(envvar="SWIPELAB_API_KEY", show_envvar=True, show_default=False)] = "",
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/load-SHAPE-SEED]")] = None,
) -> None:
    """Load a service: open arrivals over real HTTP, the auditor on the wire, a verdict by budgets."""
    from scenarios.cli import loading

    wanted = loading.Wanted(
        url, rate, duration, shape, seed, accounts, hot_card, profile, tuple(budget or ()), workers, api_key, peak,
        spike_at, spike_for, trace, speed, retry_share, connections, in_flight,
    )  # fmt: skip
    raise typer.Exit(loading.load(wanted, out))


@app.command()
def calibrate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of load runs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The model; a scenario's backends go beside it.")] = Path("model.yaml"),
) -> None:
    """Fit a model of latency and capacity to load runs, best at several rates (docs/CAPACITY.md)."""
    from scenarios.cli import capacity

    raise typer.Exit(capacity.calibrate(runs, out))


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A file that calibrate wrote.", show_default=False)],
    rate: Annotated[
        list[float] | None, typer.Option("--rate", min=0.01, metavar="N", help="Arrivals a second; repeatable.")
    ] = None,
    knee: Annotated[bool, typer.Option("--knee", help="Where p99 leaves its bound, or 90 % are used.")] = False,
    bound: Annotated[
        float | None, typer.Option(min=0.001, metavar="MS", help="Of p99, for the knee. [5 x that of a swipe alone]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for scripts.")] = False,
) -> None:
    """Say p50, p99, missed deadlines and the knee at other rates."""
    from scenarios.cli import capacity

    raise typer.Exit(capacity.predict(model, tuple(rate or ()), knee, bound, as_json))


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
def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="[default: 8000]")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [default: 2]")] = None,
    database_url: Annotated[str | None, typer.Option(metavar="URL", help="PostgreSQL. [default: embedded]")] = None,
    redis_url: Annotated[str | None, typer.Option(metavar="URL", help="Redis. [default: embedded]")] = None,
    rpc_url: Annotated[str | None, typer.Option(metavar="URL", help="A JSON-RPC node.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the embedded PostgreSQL's data here.")] = None,
    devnet: Annotated[bool, typer.Option("--devnet", help="With a local chain, and settlement every minute.")] = False,
) -> None:
    """Serve the engine over HTTP; every setting also as SWIPELAB_NAME in the environment (docs/HTTP.md)."""
    from scenarios.cli import serving

    options = {
        "host": host, "port": port, "workers": workers, "database_url": database_url, "redis_url": redis_url,
        "rpc_url": rpc_url,
    }  # fmt: skip
    raise typer.Exit(serving.serve(options, data, devnet=devnet))


@app.command()
def settle(
    interval: Annotated[float | None, typer.Option(metavar="S", help="Between settlements. [default: 3600]")] = None,
    database_url: Annotated[str | None, typer.Option(metavar="URL", help="PostgreSQL.")] = None,
    redis_url: Annotated[str | None, typer.Option(metavar="URL", help="Redis.")] = None,
    rpc_url: Annotated[str | None, typer.Option(metavar="URL", help="A JSON-RPC node; else only holds end.")] = None,
    token_address: Annotated[str | None, typer.Option(metavar="0x...", help="Where CardToken is.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Settle now, and end.")] = False,
) -> None:
    """Burn what is captured, end holds in time, watch deposits; as many of it as you like.

    The settler's key comes by SWIPELAB_SETTLER_KEY.
    """
    from scenarios.cli import settling

    options = {
        "settle_interval_s": interval, "database_url": database_url, "redis_url": redis_url, "rpc_url": rpc_url,
        "token_address": token_address,
    }  # fmt: skip
    raise typer.Exit(settling.settle(options, once=once))


@app.command()
def chaos(
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FAULT", help="Only this one; may be repeated.")
    ] = None,
    rate: Annotated[float, typer.Option(min=1, help="Swipes a second.")] = 40.0,
    seed: SeedOption = None,
    out: Annotated[Path, typer.Option(help="Where chaos.json and chaos.md go.")] = Path("runs/chaos"),
) -> None:
    """Kill, pause and restart the parts of a service under load, and hold the books against every answer."""
    from scenarios.cli import chaos as dying

    raise typer.Exit(dying.chaos(tuple(only or ()), rate, seed or 0, out))


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
