"""`--engine REF`: from what the user names to what the world runs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from types import ModuleType
from typing import Any

from scenarios.problems import BadInput, nearest

ENGINES = {
    "engine": "engine.services.engine:build",
    "naive": "scenarios.engines.naive:build",
    "reference": "scenarios.engines.reference:build",
}
"""The engines that come with Swipelab, by short name."""

OURS = ("contracts", "engine", "reports", "scenarios", "simulators")
BUG = "bug:"
"""Before the id of a planted bug (`swipelab bugs`): the production engine with that one fault."""
FORMS = "engine, naive, reference, bug:ID, package.module:factory or asgi:package.module:app"


@dataclass(frozen=True, slots=True)
class EngineReference:
    """A reference that was found. ``factory`` makes a CardEngine from an EngineKit; ``text`` is for the report."""

    text: str
    factory: Any


def find_engine(reference: str, *, whole: bool = True) -> EngineReference:
    """Import what ``reference`` names; modules of the current folder are found too. Not ``whole``: it may lack verbs.

    Raises BadInput with the nearest name there is, or with the error of the module's own code.
    """
    text = reference.strip()
    if text.startswith(("http://", "https://")):
        raise BadInput(
            f"engine {text!r}: an engine behind a URL runs in real time and cannot be run in a simulated world yet; "
            f"plug it in as {FORMS}"
        )
    if text.startswith(BUG):
        return EngineReference(text, _planted(text))
    asgi = text.startswith("asgi:")
    target = ENGINES.get(text, text.removeprefix("asgi:"))
    module_name, colon, attribute = target.partition(":")
    if not colon or not attribute or not all(part.isidentifier() for part in module_name.split(".")):
        close = nearest(text, ENGINES)
        raise BadInput(f"no engine {text!r}: {f'did you mean {close}?' if close else f'it can be {FORMS}'}")
    found = _attribute(_module(module_name, text), attribute, text)
    if not callable(found):
        raise BadInput(f"engine {text!r}: {attribute} is {type(found).__name__}, not something that can be called")
    if asgi:
        from simulators.http_engine import HttpEngine

        return EngineReference(text, _guarded(partial(HttpEngine, found), text, whole))
    return EngineReference(text, found if text in ENGINES else _guarded(found, text, whole))


def _planted(reference: str) -> Callable[[Any], Any]:
    from scenarios.bugs.catalogue import CATALOGUE
    from scenarios.bugs.planting import planted

    bug = CATALOGUE.get(reference.removeprefix(BUG))
    if bug is None:
        raise BadInput(f"no engine {reference!r}: {bug_hint(reference.removeprefix(BUG), BUG)}")
    return planted(bug).build


def bug_hint(word: str, before: str = "") -> str:
    """What was probably meant by the id of a bug: the nearest, or those that begin so, or how they all begin."""
    from scenarios.bugs.catalogue import CATALOGUE

    begun = [bug_id for bug_id in CATALOGUE if word and bug_id.startswith(word)]
    close = nearest(word, CATALOGUE)
    if close or begun:
        return f"did you mean {' or '.join(before + bug_id for bug_id in begun or [close])}?"
    areas = dict.fromkeys(f"{before}{bug_id.partition('-')[0]}-*" for bug_id in CATALOGUE)
    return f"there are {', '.join(areas)}"


def _guarded(factory: Callable[[Any], Any], reference: str, whole: bool) -> Callable[[Any], Any]:
    """The factory of a user's engine; what it and its engine get wrong is told as theirs."""
    from scenarios.engine_guard import GuardedEngine

    @wraps(factory)
    def build(kit: Any) -> Any:
        try:
            built = factory(kit)
        except Exception as error:  # the user's code again
            raise BadInput(f"engine {reference!r}: {_what_broke('its factory', error)}") from error
        return GuardedEngine(built, reference, whole=whole)

    return build


def _module(name: str, reference: str) -> ModuleType:
    _look_here_too()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise BadInput(f"engine {reference!r}: no module {error.name!r}{_near_module(error.name)}") from error
        raise BadInput(f"engine {reference!r}: {_what_broke(name, error)}") from error
    except Exception as error:  # the user's module runs its own code here; whatever it raises is theirs to see
        raise BadInput(f"engine {reference!r}: {_what_broke(name, error)}") from error


def _look_here_too() -> None:
    """Modules of the current folder may be imported, and none of its folders stands in for a package of ours."""
    for ours in OURS:
        importlib.import_module(ours)
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)


def _what_broke(name: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{name} failed at {frame.filename}:{frame.lineno}: {type(error).__name__}: {error}"


def _attribute(module: ModuleType, dotted: str, reference: str) -> Any:
    found: Any = module
    for step in dotted.split("."):
        if not hasattr(found, step):
            close = nearest(step, [name for name in dir(found) if not name.startswith("_")])
            hint = f": did you mean {close}?" if close else ""
            raise BadInput(f"engine {reference!r}: {module.__name__} has no {step!r}{hint}")
        found = getattr(found, step)
    return found


def _near_module(name: str) -> str:
    above, _, last = name.rpartition(".")
    if above:
        places = getattr(sys.modules.get(above), "__path__", None)
        names = [info.name for info in pkgutil.iter_modules(places)] if places is not None else []
    else:
        names = [info.name for info in pkgutil.iter_modules([os.getcwd()])] + list(ENGINES)
    close = nearest(last, names)
    if close:
        return f": did you mean {above + '.' if above else ''}{close}?"
    return "" if above else " in this folder or installed"
