"""Time zones by name, from the pinned data: the machine's own could differ from run to run and place to place."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name that the data has."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name; ValueError, with the nearest right name, for any other."""
    if name not in zone_names():
        close = get_close_matches(name, sorted(zone_names()), n=1)
        hint = f"did you mean {close[0]}?" if close else "names look like Europe/Berlin"
        raise ValueError(f"no time zone is called {name!r}: {hint}")
    with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
