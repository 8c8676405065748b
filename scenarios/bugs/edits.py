"""Replacing text in the source of a module; imports nothing of the engine, so that it can come before that."""

from __future__ import annotations

import importlib.util

from scenarios.bugs.record import Edit


class PlantingError(Exception):
    """A bug cannot be planted; the message says which, and what has changed under it."""


def edited(source: str, edits: tuple[Edit, ...], bug_id: str) -> tuple[str, list[tuple[int, int]]]:
    """The source with ``edits`` made, and where in the result the changes are, as character ranges.

    Raises PlantingError where a text to be replaced does not stand there exactly once, or two overlap.
    """
    places: list[tuple[int, Edit]] = []
    for edit in edits:
        found = source.count(edit.old)
        if found != 1:
            often = "no longer there" if not found else f"there {found} times"
            raise PlantingError(f"{bug_id}: in {edit.module} this is {often}, and has to be once:\n{edit.old}")
        if edit.old == edit.new:
            raise PlantingError(f"{bug_id}: an edit of {edit.module} changes nothing:\n{edit.old}")
        places.append((source.index(edit.old), edit))
    pieces: list[str] = []
    ranges: list[tuple[int, int]] = []
    done = length = 0
    for at, edit in sorted(places, key=lambda place: place[0]):
        if at < done:
            raise PlantingError(f"{bug_id}: two edits of {edit.module} overlap at:\n{edit.old}")
        begin = length + at - done
        same = _same_before(edit.old, edit.new)
        same_behind = _same_before(edit.old[same:][::-1], edit.new[same:][::-1])
        ranges.append((begin + same, max(begin + len(edit.new) - same_behind, begin + same)))
        pieces += (source[done:at], edit.new)
        length = begin + len(edit.new)
        done = at + len(edit.old)
    return "".join((*pieces, source[done:])), ranges


def _same_before(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def source_of(name: str) -> str:
    """The text of a module as it stands on disk."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise PlantingError(f"no module {name}")
    return spec.loader.get_source(name)  # type: ignore[attr-defined]
