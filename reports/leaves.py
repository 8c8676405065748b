"""The figures of a report, by dotted path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def leaves(tree: Mapping[str, object], above: str = "") -> Iterator[tuple[str, float | int | None]]:
    """Every dotted path to a number (or to a figure that was not measured) in a report."""
    for key, value in tree.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from leaves(value, path + ".")
        elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            yield path, value
