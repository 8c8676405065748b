"""`swipelab load`: options to an order, and the run on the terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from scenarios.cli import screen
from scenarios.cli.codes import FAILED, PASSED
from scenarios.load.arrivals import MOST
from scenarios.load.budgets import budgets
from scenarios.load.profiles import DEADLINES_MS
from scenarios.load.spec import SHAPES, LoadSpec
from scenarios.problems import BadInput, did_you_mean

ARRIVALS_PER_ACCOUNT = 20
FEWEST_ACCOUNTS, MOST_ACCOUNTS = 50, 5_000
PEAK = 5
SPIKE_AT, SPIKE_FOR = 1 / 3, 1 / 6
"""Shares of the run: when a spike begins, and how long it lasts."""
IN_FLIGHT_S = 4
"""So many seconds of arrivals may be in flight at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options as given; None is not given."""

    url: str
    rate: float | None
    duration: float | None
    shape: str
    seed: int
    accounts: int | None
    hot_card: bool
    profile: str
    budget: tuple[str, ...]
    workers: int
    api_key: str
    peak: float | None = None
    spike_at: float | None = None
    spike_for: float | None = None
    trace: Path | None = None
    speed: float = 1.0
    retry_share: float = 0.03
    connections: int = 256
    in_flight: int | None = None


def load(wanted: Wanted, out: Path | None) -> int:
    """One run, its verdict on the terminal."""
    from reports import render_terminal
    from scenarios.load.run import LoadOrder, run_load

    spec = spec_of(wanted)
    order = LoadOrder(spec, budgets(wanted.profile, wanted.budget), command_of(wanted), wanted.api_key)
    with _watching(spec.name) as progress:
        result = run_load(order, out, progress)
    render_terminal(result.report, screen.out(), str(result.folder))
    return PASSED if result.ok else FAILED


def spec_of(wanted: Wanted) -> LoadSpec:
    """Raises BadInput, naming the option."""
    _check(wanted)
    rate, duration = wanted.rate or 0.0, wanted.duration or 0.0
    peak = wanted.peak or rate * PEAK if wanted.shape == "spike" else 0.0
    spec = LoadSpec(
        url=wanted.url.strip().rstrip("/"),
        rate=rate,
        duration_s=duration,
        shape=wanted.shape,
        seed=wanted.seed,
        hot_card=wanted.hot_card,
        profile=wanted.profile,
        workers=wanted.workers,
        retry_share=wanted.retry_share,
        connections=wanted.connections,
        in_flight=wanted.in_flight or max(round(max(rate, peak) * IN_FLIGHT_S), 256),
        peak=peak,
        spike_at_s=_part(wanted.spike_at, duration * SPIKE_AT, wanted.shape),
        spike_for_s=_part(wanted.spike_for, duration * SPIKE_FOR, wanted.shape),
        trace=str(wanted.trace.absolute()) if wanted.trace else "",
        speed=wanted.speed,
        accounts=1,
    )
    try:
        arrivals = len(spec.traffic()) if spec.trace else round(sum(part.expected for part in spec.course()))
    except ValueError as error:
        raise BadInput(f"--shape {spec.shape}: {error}") from error
    if arrivals > MOST:
        raise BadInput(f"{arrivals:,} arrivals are more than {MOST:,}: give a lower --rate or a shorter --duration")
    if not arrivals:
        raise BadInput("nothing would ever be sent: give a higher --rate or a longer --duration")
    usual = min(max(arrivals // ARRIVALS_PER_ACCOUNT, FEWEST_ACCOUNTS), MOST_ACCOUNTS)
    accounts = 1 if wanted.hot_card else wanted.accounts or usual
    return LoadSpec(**{name: getattr(spec, name) for name in LoadSpec.__slots__} | {"accounts": accounts})


def _part(given: float | None, usual: float, shape: str) -> float:
    return (usual if given is None else given) if shape == "spike" else 0.0


def _check(wanted: Wanted) -> None:
    parts = urlsplit(wanted.url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--url {wanted.url}: give the address of a service, as in http://localhost:8000")
    if wanted.shape not in SHAPES:
        raise BadInput(f"--shape {wanted.shape}: there is no such shape; {did_you_mean(wanted.shape, SHAPES)}")
    if wanted.profile not in DEADLINES_MS:
        near = did_you_mean(wanted.profile, DEADLINES_MS)
        raise BadInput(f"--profile {wanted.profile}: there is no such processor; {near}")
    if wanted.shape == "trace":
        if wanted.trace is None:
            raise BadInput("--shape trace needs --trace FILE")
        if wanted.rate is not None:
            raise BadInput("--rate: a trace has a rate of its own; --speed makes it quicker")
        if wanted.hot_card:
            raise BadInput("--hot-card: a trace has cards of its own")
        return
    if wanted.trace is not None:
        raise BadInput(f"--trace is replayed by --shape trace, not by {wanted.shape}")
    for name, value in (("--rate", wanted.rate), ("--duration", wanted.duration)):
        if value is None:
            raise BadInput(f"{name} is missing")
    if wanted.shape != "spike" and (wanted.peak, wanted.spike_at, wanted.spike_for) != (None, None, None):
        raise BadInput(f"--peak, --spike-at and --spike-for are of --shape spike, not of {wanted.shape}")


def command_of(wanted: Wanted) -> str:
    """The command line that does the same again; the key stays where it is."""
    words = ["swipelab", "load", "--url", wanted.url]
    usual = Wanted("", None, None, "poisson", 1, None, False, "stripe", (), 0, "")
    for name in (
        "rate", "duration", "shape", "peak", "spike_at", "spike_for", "trace", "speed", "seed", "accounts", "profile",
        "workers", "retry_share", "connections", "in_flight",
    ):  # fmt: skip
        value = getattr(wanted, name)
        if value != getattr(usual, name):
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    if wanted.hot_card:
        words.append("--hot-card")
    for one in wanted.budget:
        words += ["--budget", one]
    return shlex.join(words)


@contextmanager
def _watching(title: str) -> Iterator:
    """A line that says what is going on; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda what, share: None
        return
    with Console(stderr=True).status(title) as status:
        yield lambda what, share: status.update(f"{title}  {share:4.0%}  {what}")
