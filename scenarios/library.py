"""Where scenarios and traces are found: by path, or by name in the library that comes with the package."""

from __future__ import annotations

from pathlib import Path

from scenarios.problems import BadInput, nearest

LIBRARY = Path(__file__).parent / "library"
SUFFIXES = (".yaml", ".yml")


def library_scenarios() -> dict[str, Path]:
    """The library by name, in order."""
    return {file.stem: shown(file) for file in sorted(LIBRARY.glob("*.yaml"))}


def find_scenario(reference: str) -> Path:
    """The file of a path, or of a library name (`grocery_week`, `grocery_week.yaml`).

    Raises BadInput with the nearest scenario there is.
    """
    path = Path(reference)
    if path.is_file():
        return path
    if path.is_dir():
        raise BadInput(f"{reference} is a folder, not a scenario{_inside(path)}")
    known = library_scenarios()
    if path.parent == Path(".") and (found := known.get(_stem(path))):
        return found
    nearby = [file for suffix in SUFFIXES for file in sorted(path.parent.glob(f"*{suffix}"))]
    by_name = {file.stem: file for file in [*nearby, *known.values()]}
    if close := nearest(_stem(path), by_name):
        raise BadInput(f"no scenario {reference!r}: did you mean {by_name[close]}?")
    raise BadInput(f"no scenario {reference!r}: the library has {', '.join(known)}")


def find_trace(written: str, folder: Path) -> tuple[Path | None, str]:
    """The trace file of a path as written in a scenario: from the scenario's folder, else from the library.

    Gives the absolute path, or None and what to say.
    """
    candidates = [(base / written).resolve() for base in (folder, LIBRARY)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate, ""
    if Path(written).is_absolute():
        candidates = candidates[:1]
    for candidate in candidates:
        siblings = {file.name: file for file in sorted(candidate.parent.glob("*")) if file.is_file()}
        if close := nearest(candidate.name, siblings):
            return None, f"no trace file {written!r}: did you mean {str(Path(written).with_name(close))!r}?"
    looked = " and ".join(dict.fromkeys(str(shown(candidate.parent)) for candidate in candidates))
    return None, f"no trace file {written!r} (looked in {looked})"


def shown(path: Path) -> Path:
    """As a person would type it: relative where it lies under the current folder."""
    absolute = path.absolute()
    try:
        return absolute.relative_to(Path.cwd())
    except ValueError:
        return absolute


def _stem(path: Path) -> str:
    return path.stem if path.suffix in SUFFIXES else path.name


def _inside(folder: Path) -> str:
    if (folder / "report.json").is_file():
        return f" (a run folder: `swipelab replay {folder}` runs it again)"
    files = sorted(file.name for suffix in SUFFIXES for file in folder.glob(f"*{suffix}"))
    return f" (in it: {', '.join(files[:8])})" if files else ""
