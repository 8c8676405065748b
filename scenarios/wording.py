"""pydantic's errors in words of the file: what is wrong, and the nearest right thing."""

from __future__ import annotations

import math
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from scenarios.model import Scenario
from scenarios.problems import Path, Problem, dotted, nearest
from scenarios.yaml_source import Source


def worded(detail: Any, source: Source) -> Problem:
    """One pydantic error as a problem at its place."""
    path: Path = tuple(detail["loc"])
    kind, value = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        return Problem(source.key_place(path), path, _unknown_key(path))
    if kind == "missing":
        return Problem(source.key_place(path[:-1]), path, "is missing")
    if path[-1:] == ("[key]",):
        path = path[:-1]
        return Problem(source.key_place(path), path, _wrong_value(kind, value, detail))
    place = source.value_place(path)
    if value is None and kind != "value_error":
        return Problem(place, path, "is empty: give a value, or drop the line")
    return Problem(place, path, _wrong_value(kind, value, detail))


def _wrong_value(kind: str, value: Any, detail: Any) -> str:
    context = detail.get("ctx", {})
    shown = f"{value!r}" if isinstance(value, str) else f"{value}"
    match kind:
        case "value_error":
            return str(context["error"])
        case "int_type" | "int_from_float":
            return f"{shown} is no whole number{_number_hint(value)}"
        case "float_type" | "finite_number":
            return f"{shown} is no number{_number_hint(value)}"
        case "literal_error":
            return f"{shown} is not known; {_choice(value, context['expected'])}"
        case "string_type":
            return f"{shown} is no text: write it in quotes"
        case "string_pattern_mismatch":
            return f"{shown} is no name: small letters, digits, `_` and `-`, like grocery_week"
        case "string_too_short":
            return "is empty: give a value, or drop the line"
        case "string_too_long":
            return f"{shown} is longer than {context['max_length']} characters"
        case "tuple_type":
            return f"{_kind_of(value)} where a list belongs: one `- ...` for each item"
        case "model_type" | "dict_type" | "model_attributes_type":
            if detail["loc"] == ("engine",):
                return f"{shown} where keys belong: which engine runs is said on the command line, --engine {value}"
            return f"{_kind_of(value)} where keys belong"
        case "greater_than_equal":
            return f"{shown} is too small: {context['ge']:,} or more"
        case "greater_than":
            return f"{shown} is too small: more than {context['gt']:,}"
        case "less_than_equal":
            return f"{shown} is too large: {context['le']:,} or less"
        case "less_than":
            return f"{shown} is too large: less than {context['lt']:,}"
    return f"{shown}: {detail['msg']}"


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "keys"
    return "a list" if isinstance(value, list) else f"{value!r}"


def _number_hint(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return f": write {round(value)}" if value == round(value) else ""
    if not isinstance(value, str):
        return ""
    text = value.strip().replace(",", "").replace("_", "").removeprefix("$")
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    return f": write {int(number)}" if number == int(number) else f": write {number}"


def _choice(value: Any, expected: str) -> str:
    words = [word for word in expected.replace(" or ", ", ").replace("'", "").split(", ") if word]
    close = nearest(str(value), words)
    return f"did you mean {close}?" if close else f"it can be {', '.join(words)}"


def _unknown_key(path: Path) -> str:
    """The nearest key in the same section, or the same word in another section, or what there is."""
    word, here = str(path[-1]), _model_at(path[:-1])
    known = list(here.model_fields) if here else []
    if close := nearest(word, known):
        return f"unknown key; did you mean {dotted((*path[:-1], close))}?"
    places = (place for place in _all_paths(Scenario) if place.rpartition(".")[2] == word)
    elsewhere = sorted(places, key=lambda place: (place.startswith("shrunk."), place))  # nobody writes `shrunk` by hand
    if elsewhere:
        return f"unknown key here; did you mean {elsewhere[0]}?"
    return f"unknown key; there are {', '.join(known)}" if known else "unknown key"


def _model_at(path: Path) -> type[BaseModel] | None:
    annotation: Any = Scenario
    for step in path:
        model = _model_in(annotation)
        if isinstance(step, int) or model is None:
            continue
        if info := model.model_fields.get(step):
            annotation = info.annotation
        elif not _by_name(annotation):
            return None
    return _model_in(annotation)


def _by_name(annotation: Any) -> bool:
    """A mapping from names that the user chooses."""
    return get_origin(annotation) is dict or any(map(_by_name, get_args(annotation)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation names: itself, in a union, or as the item of a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if found := _model_in(part):
            return found
    return None


def _all_paths(model: type[BaseModel], above: str = "") -> list[str]:
    paths = []
    for name, info in model.model_fields.items():
        paths.append(above + name)
        if below := _model_in(info.annotation):
            paths += _all_paths(below, f"{above}{name}.")
    return paths
