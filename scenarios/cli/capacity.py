"""`swipelab calibrate` and `swipelab predict`: load runs to a model, a model to figures for planners."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from scenarios.capacity.fragment import fragment
from scenarios.capacity.model import Model, read_model, written
from scenarios.capacity.predicting import Knee, Likely, Prediction
from scenarios.cli import screen
from scenarios.cli.codes import PASSED
from scenarios.load.profiles import DEADLINES_MS
from scenarios.problems import BadInput


def calibrate(folders: Sequence[Path], out: Path) -> int:
    """Write the model, and beside it the fragment of a scenario; say how well it fits."""
    from scenarios.capacity.model import calibrate as fitted
    from scenarios.capacity.runs import points_of

    beside = out.with_suffix(".backends.yaml")
    _check_out(out)
    model = fitted(points_of(folders))
    for file, text in ((beside, fragment(model)), (out, written(model))):
        fresh = file.with_name(f".{file.name}.tmp")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    _show_fit(model)
    console = screen.out()
    console.print(f"model   {out}\nthen    swipelab predict {out} --rate N --knee", markup=False, soft_wrap=True)
    again = f'swipelab run SCENARIO --set "engine.backends=$(cat {beside})"'
    console.print(f"or      {again}", markup=False, soft_wrap=True)
    return PASSED


def _check_out(out: Path) -> None:
    """Before any work is done. Raises BadInput."""
    if out.is_dir():
        raise BadInput(f"--out {out} is a folder: give a file, as in model.yaml")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"--out {out}: there is no folder {out.absolute().parent}")


def _show_fit(model: Model) -> None:
    console = screen.out()
    families = _table("family", "servers", "residual", "p50", "p90", "p99", "rates")
    for one in model.families:
        worst = (f"{value:.0%}" for value in one["worst_error"].values())
        mark = "bold" if one["family"] == model.family.name else None
        families.add_row(one["family"], str(one["servers"]), f"{one['residual']:.2f}", *worst, one["rates"], style=mark)
    console.print("worst error by family (the best is kept)", markup=False)
    console.print(families)
    points = _table("run", "rate/s", "swipes", "p50 ms", "p99 ms", "fitted p50", "fitted p99")
    for row in model.points:
        measured, off = row["measured_ms"], row["error_fitted"]
        points.add_row(
            row["run"], f"{row['rate']:,.1f}", f"{row['samples']:,}", f"{measured['p50']:.1f}",
            f"{measured['p99']:.1f}", f"{off['p50']:+.0%}", f"{off['p99']:+.0%}",
        )  # fmt: skip
    console.print(points)
    known = ", ".join(f"{name} {value:.3g}" for name, value in model.parameters.items() if value)
    console.print(f"{model.family.name}, {model.servers} servers: {known}", markup=False, soft_wrap=True)
    console.print(f"capacity {model.capacity:,.0f} a second", markup=False)


def predict(file: Path, rates: Sequence[float], with_knee: bool, bound_ms: float | None, as_json: bool) -> int:
    """A line for each rate; the knee. Raises BadInput."""
    from scenarios.capacity import predicting

    if not rates and not with_knee:
        raise BadInput("predict what? give --rate N, or --knee")
    if bound_ms is not None and not with_knee:
        raise BadInput("--bound is of the knee: give --knee too")
    if any(not math.isfinite(rate) for rate in rates):
        raise BadInput("--rate has to be a number of arrivals a second")
    model = read_model(file)
    found = predicting.predict(model, rates, DEADLINES_MS)
    knee = predicting.knee(model, bound_ms) if with_knee else None
    if as_json:
        document = {
            "capacity_per_s": model.capacity,
            "rates": [asdict(one) for one in found],
            "knee": asdict(knee) if knee else None,
        }
        print(json.dumps(document, indent=2))
        return PASSED
    _show(model, found, knee)
    return PASSED


def _show(model: Model, found: Sequence[Prediction], knee: Knee | None) -> None:
    console = screen.out()
    if found:
        table = _table("rate/s", "of capacity", "p50 ms", "p99 ms", "")
        for one in found:
            note = "cannot keep up" if one.p99_ms is None else "outside of what was measured" if one.beyond else ""
            table.add_row(f"{one.rate:,g}", f"{one.load:.0%}", _likely(one.p50_ms), _likely(one.p99_ms), note)
        console.print(table)
        misses = _table("rate/s", *(f"{name} {deadline / 1_000:g}s" for name, deadline in DEADLINES_MS.items()))
        for one in found:
            misses.add_row(f"{one.rate:,g}", *(_share(one.misses[name]) for name in DEADLINES_MS))
        console.print("share that misses each processor's deadline", markup=False)
        console.print(misses)
    if knee is not None:
        rate = knee.rate
        console.print(
            f"knee {rate.value:,.0f} a second ({rate.low:,.0f} to {rate.high:,.0f}): there {knee.why}; "
            f"capacity {model.capacity:,.0f}",
            markup=False, soft_wrap=True,
        )  # fmt: skip


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left")
    return table


def _likely(figure: Likely | None) -> str:
    return "-" if figure is None else f"{figure.value:,.1f} ({figure.low:,.1f} to {figure.high:,.1f})"


def _share(share: float) -> str:
    return "0" if share == 0 else f"{share:.2%}" if share >= 0.0001 else "< 0.01%"
