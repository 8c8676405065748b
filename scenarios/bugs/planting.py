"""Planting: a second copy of the engine in memory, with a few lines of its text replaced.

Of the modules that an edit changes, and of all that import them, a copy is compiled and run; everything else, and every
record type of the domain, is the very object that the rest of the program uses. The originals are never touched, and
nothing is registered: any number of planted engines live beside each other in one process.

An edit may also concern a simulated backend (a store that is not atomic, say). The port that was handed over is then
given the class of the copy, as long as that one world lasts.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, TypeGuard

from engine.interface import CardEngine, EngineKit
from scenarios.bugs.edits import PlantingError, edited, source_of
from scenarios.bugs.reached import REACHED, mark
from scenarios.bugs.record import Bug

COPIED = ("engine.domain", "engine.services", "simulators.backends")
"""Packages whose modules may be edited, or copied because they import what is."""
SHARED_TYPES = "engine.domain."
"""The records of these modules cross the seam: the copies use the original ones. Their other classes are copied."""
RECORDS = frozenset({"NamedTuple", "StrEnum", "IntEnum", "Enum", "Protocol", "dataclass"})
"""What a class that is a record is derived from, or decorated with."""
FACTORY = ("engine.services.engine", "build")
DEEPEST = 3
"""How far behind a port (a fault between the engine and its store, say) the backend itself is looked for."""


class Marks:
    """How often the changed lines ran."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = 0


@dataclass(frozen=True, slots=True)
class _Compiled:
    code: CodeType
    shared: tuple[str, ...]
    """Names of classes that the copy takes from the original."""


class Planted:
    """One bug, ready to be run any number of times: ``build`` is an engine factory."""

    def __init__(self, bug: Bug) -> None:
        self.bug = bug
        unknown = sorted({edit.module for edit in bug.edits} - _imports().keys())
        if unknown:
            raise PlantingError(f"{bug.id}: no module to edit: {', '.join(unknown)}")
        self.copied = _dependents({edit.module for edit in bug.edits})
        self._compiled = {name: self._compile(name) for name in self.copied}

    def _compile(self, name: str) -> _Compiled:
        source = source_of(name)
        original = ast.parse(source)
        edits = tuple(edit for edit in self.bug.edits if edit.module == name)
        text, ranges = edited(source, edits, self.bug.id)
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            raise PlantingError(f"{self.bug.id}: {name} is no Python any more: {error}") from error
        mark(tree, text, ranges)
        shared: tuple[str, ...] = ()
        if name.startswith(SHARED_TYPES):
            records = {node.name: ast.dump(node) for node in original.body if _is_record(node)}
            for node in tree.body:
                if _is_record(node) and records.get(node.name) != ast.dump(node):
                    raise PlantingError(f"{self.bug.id}: {name}.{node.name} crosses the seam: edit who uses it")
            tree.body = [node for node in tree.body if not _is_record(node)]
            shared = tuple(records)
        filename = importlib.import_module(name).__file__ or name
        return _Compiled(compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True), shared)

    def build(self, kit: EngineKit, marks: Marks | None = None) -> CardEngine:
        """The planted engine on these ports; ``marks`` counts how often the changed lines run."""
        copies = _Copies(self._compiled, marks or Marks())
        for name in self.copied:
            if name.startswith("simulators."):
                _give_class(kit, name, copies.load(name))
        module, factory = FACTORY
        return getattr(copies.load(module), factory)(kit)


class _Copies:
    """The modules of one planted engine, run as they are asked for."""

    def __init__(self, compiled: dict[str, _Compiled], marks: Marks) -> None:
        self._compiled = compiled
        self._loaded: dict[str, ModuleType] = {}

        def reached() -> None:
            marks.reached += 1

        self._builtins = {**vars(builtins), "__import__": self._import, REACHED: reached}

    def load(self, name: str) -> ModuleType:
        """The copy of a module; the module itself where there is no copy."""
        if name not in self._compiled:
            return importlib.import_module(name)
        if name not in self._loaded:
            compiled, original = self._compiled[name], importlib.import_module(name)
            copy = self._loaded[name] = ModuleType(name, original.__doc__)
            copy.__file__ = original.__file__
            vars(copy)["__builtins__"] = self._builtins
            vars(copy).update({shared: vars(original)[shared] for shared in compiled.shared})
            exec(compiled.code, vars(copy))
        return self._loaded[name]

    def _import(
        self, name: str, globals_: Any = None, locals_: Any = None, fromlist: tuple[str, ...] = (), level: int = 0
    ) -> Any:
        if level or not fromlist or not name.startswith(COPIED):
            return __import__(name, globals_, locals_, fromlist, level)
        real = self.load(name)
        below = {item: self.load(inner) for item in fromlist if (inner := f"{name}.{item}") in self._compiled}
        if not below:
            return real
        __import__(name, globals_, locals_, fromlist, level)  # so that all that is asked for is there
        return SimpleNamespace(**{item: below.get(item) or getattr(real, item) for item in fromlist})


def _is_record(node: ast.stmt) -> TypeGuard[ast.ClassDef]:
    if not isinstance(node, ast.ClassDef):
        return False
    named = (part.func if isinstance(part, ast.Call) else part for part in (*node.bases, *node.decorator_list))
    return any(isinstance(name, ast.Name) and (name.id in RECORDS or name.id.endswith("Error")) for name in named)


@cache
def planted(bug: Bug) -> Planted:
    """The same, compiled once a process. Raises PlantingError."""
    return Planted(bug)


@cache
def _imports() -> dict[str, frozenset[str]]:
    """Every module that may be copied, and which of them it imports."""
    names = [
        info.name
        for package in COPIED
        for info in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
        if not info.ispkg
    ]
    known = frozenset(names)
    return {name: frozenset(_imported(ast.parse(source_of(name)))) & known for name in names}


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _dependents(changed: set[str]) -> tuple[str, ...]:
    """The changed modules and all that lead to them, in a fixed order."""
    graph, found = _imports(), set(changed)
    while more := {name for name, imports in graph.items() if imports & found} - found:
        found |= more
    return tuple(sorted(found))


def _give_class(kit: EngineKit, name: str, copy: ModuleType) -> None:
    """Whatever stands behind the ports and is of a class of the module ``name`` becomes one of its copy."""
    classes = {value.__name__: value for value in vars(copy).values() if isinstance(value, type)}
    ports = [getattr(kit.ports, field.name) for field in fields(kit.ports)]
    for backend in _behind(ports, lambda value: type(value).__module__ == name):
        backend.__class__ = classes[type(backend).__name__]


def _behind(values: list[Any], wanted: Callable[[Any], bool]) -> list[Any]:
    found: list[Any] = []
    seen: set[int] = set()
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in values:
            if id(value) in seen or not type(value).__module__.startswith("simulators."):
                continue
            seen.add(id(value))
            if wanted(value):
                found.append(value)
            inner += getattr(value, "__dict__", {}).values()
        values = inner
    return found
