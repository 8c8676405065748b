"""YAML with places: plain values, and for each the line and column at which it was written.

Scalars are read by the plain rules of YAML 1.2, so `05:00` stays text (YAML 1.1 makes it 300), `yes` and `no` are
words, `0123` is not octal, dates are text. Duplicate keys are problems; tags and merge keys are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from scenarios.problems import Path, Place, Problem, ScenarioError

MOST_NODES = 100_000
"""More than any scenario needs; stops aliases that multiply without end."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]{0,29})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*\.[0-9_]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf"), float("inf")),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}


class _Loader(yaml.SafeLoader):
    """Leaves every plain scalar as it is written; :func:`plain_value` reads it."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def plain_value(text: str) -> Any:
    """What an unquoted scalar means: None, bool, int, float or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


@dataclass(slots=True)
class Source:
    """A parsed document: ``data``, and by path where keys and values stand. ``problems``: duplicate keys and such."""

    name: str
    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value_place(self, path: Path) -> Place:
        """Where the value stands, or the nearest thing above it that was written."""
        if path in self.values:
            return self.values[path]
        return self.key_place(path[:-1]) if path else Place(self.name, 1, 1)

    def key_place(self, path: Path) -> Place:
        """Where the key stands (an item of a list: the item itself), or the nearest key above it."""
        for length in range(len(path), 0, -1):
            if place := self.keys.get(path[:length]) or self.values.get(path[:length]):
                return place
        return Place(self.name, 1, 1)


def parse(text: str, name: str) -> Source:
    """Read one document. Raises ScenarioError where it is no YAML at all."""
    source = Source(name)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([_syntax_problem(error, name)]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        what = f"a character that text files don't hold: U+{error.character:04X}"
        raise ScenarioError([Problem(Place(name, line, column), (), what)]) from error
    except RecursionError as error:
        raise ScenarioError([Problem(Place(name, 1, 1), (), "is nested too deeply")]) from error
    if root is not None:
        source.data = _Reader(source).read(root, ())
    return source


def _syntax_problem(error: yaml.MarkedYAMLError, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name, 1, 1)
    what = error.problem or "can't be read"
    if "'\\t'" in what:
        what = "a tab: indent with spaces"
    elif "mapping values are not allowed" in what:
        what = "a second `:` in one line, or wrong indentation: quote the text, or put the key on a line of its own"
    elif "expected a single document" in str(error.context):
        what = "a second document begins: one file holds one scenario"
    elif error.context:
        what = f"{what} ({error.context})"
    return Problem(place, (), f"not YAML: {what}")


class _Reader:
    """Turns nodes into plain values and notes their places."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.open: list[int] = []
        self.count = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        place = self._place(node)
        self.source.values[path] = place
        self.count += 1
        if id(node) in self.open or self.count > MOST_NODES:
            what = "an alias that contains itself" if id(node) in self.open else f"more than {MOST_NODES:,} values"
            raise ScenarioError([Problem(place, path, what)])
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in ("str", "map", "seq"):
            self._complain(place, path, f"the tag {node.tag} is not read here; write the plain value")
            return None
        if isinstance(node, yaml.ScalarNode):
            return plain_value(node.value) if node.style is None else node.value
        self.open.append(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self.open.pop()
        return value

    def _sequence(self, node: yaml.Node, path: Path) -> list[Any]:
        return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(place, path, "a key has to be a word")
                continue
            key = key_node.value
            if key == "<<":
                self._complain(place, path, "the merge key `<<` is not read here; write the keys out")
                continue
            if key in result:
                first = self.source.keys[*path, key]
                self._complain(place, (*path, key), f"given twice; the first is in line {first.line}")
                continue
            self.source.keys[*path, key] = place
            result[key] = self.read(value_node, (*path, key))
        return result

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.source.name, node.start_mark.line + 1, node.start_mark.column + 1)

    def _complain(self, place: Place, path: Path, what: str) -> None:
        self.source.problems.append(Problem(place, path, what))
