"""Where the money was, over time."""

from __future__ import annotations

import numpy as np

from reports.frames import Events

COMPONENTS = ("supply", "available", "held", "unsettled", "withdrawing", "receivable", "usdc_held")
MAX_POINTS = 400


def funds_section(events: Events) -> dict[str, object]:
    """``last``: each component at the end, in millionths of a USDC; ``series``: its course, thinned for drawing."""
    rows = events.of("funds").frame(["at_ns", "ref", "amount_usdc6"])
    last: dict[str, int] = {}
    series: dict[str, dict[str, list]] = {}
    names = [name for name in COMPONENTS if (rows["ref"] == name).any()]
    for name in names + sorted(set(rows["ref"]) - set(names)):
        mine = rows[rows["ref"] == name]
        keep = np.unique(np.linspace(0, len(mine) - 1, min(len(mine), MAX_POINTS)).round().astype(int))
        thin = mine.iloc[keep]
        last[name] = int(mine["amount_usdc6"].iloc[-1])
        series[name] = {"at_s": [at / 1e9 for at in thin["at_ns"].tolist()], "usdc6": thin["amount_usdc6"].tolist()}
    return {"last": last, "series": series}
