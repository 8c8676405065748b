"""The commands about a service: run it, load it, break it, and say what it carries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

services = typer.Typer(rich_markup_mode=None)


@services.command()
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


@services.command()
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


@services.command()
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


@services.command()
def chaos(
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FAULT", help="Only this one; may be repeated.")
    ] = None,
    rate: Annotated[float, typer.Option(min=1, help="Swipes a second.")] = 40.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the swipes.")] = 0,
    out: Annotated[Path, typer.Option(help="Where chaos.json and chaos.md go.")] = Path("runs/chaos"),
) -> None:
    """Kill, pause and restart the parts of a service under load, and hold the books against every answer."""
    from scenarios.cli import chaos as dying

    raise typer.Exit(dying.chaos(tuple(only or ()), rate, seed, out))


@services.command()
def calibrate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of load runs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The model; a scenario's backends go beside it.")] = Path("model.yaml"),
) -> None:
    """Fit a model of latency and capacity to load runs, best at several rates (docs/CAPACITY.md)."""
    from scenarios.cli import capacity

    raise typer.Exit(capacity.calibrate(runs, out))


@services.command()
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
