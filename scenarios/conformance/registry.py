"""The list of cases. A case is an async function on a Bench; its name is the rule that it proves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from engine.interface import Terms
from scenarios.conformance.bench import WIDE, Bench
from scenarios.problems import BadInput, nearest

FEATURES = (
    "Accounts",
    "Approvals",
    "Ladder of declines",
    "Limits",
    "Calendar",
    "Idempotency",
    "Races",
    "Partial approval",
    "Incremental",
    "Cash withdrawal",
    "Balance inquiry",
    "Refund authorization",
    "Advices",
    "Reversals",
    "Expiry",
    "Captures",
    "Refunds",
    "Disputes",
    "Mandates",
    "Deposits",
    "Debts",
    "Withdrawals",
    "Settlement",
    "Statement",
    "Errors",
    "State machine",
)
"""The rows of the table, in its order."""

Act = Callable[..., Awaitable[None]]
Each = Callable[..., Terms]
_CASES: dict[str, Case] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One rule with one set of values. ``terms`` None: wide limits do, and so do an engine's own."""

    feature: str
    name: str
    act: Act
    values: dict[str, Any] = field(default_factory=dict)
    terms: Terms | None = None

    @property
    def family(self) -> str:
        """The name that it shares with the cases of the same rule and other values."""
        return self.act.__name__

    @property
    def rule(self) -> str:
        """The rule in words."""
        words = self.family.replace("_", " ").replace(" utc", " UTC")
        return words[0].upper() + words[1:]

    async def run(self, bench: Bench) -> None:
        """Raises Broken where the rule is."""
        await self.act(bench, **self.values)

    @property
    def made_terms(self) -> Terms:
        """The terms for an engine that is made for this case."""
        return self.terms or Terms(limits=WIDE)


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of one parameter (or of several, together)."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def each(names: str, rows: Sequence[Any]) -> _Values:
    """Run the case with each of these: ``each("cents,approved", [(99, True), (101, False)])``."""
    split = tuple(name.strip() for name in names.split(","))
    return _Values(split, tuple(tuple(row) if len(split) > 1 else (row,) for row in rows))


def case(feature: str, *values: _Values, terms: Terms | Each | None = None) -> Callable[[Act], Act]:
    """A case of ``feature``, once for every combination of ``values``; ``terms`` may depend on them."""
    if feature not in FEATURES:
        raise ValueError(f"no feature {feature!r} in FEATURES")

    def add(act: Act) -> Act:
        combinations = list(_combinations(values))
        for number, chosen in enumerate(combinations, 1):
            name = act.__name__ if len(combinations) == 1 else f"{act.__name__}.{number}"
            if name in _CASES:
                raise ValueError(f"two cases are called {name}")
            agreed = terms(**chosen) if callable(terms) else terms
            _CASES[name] = Case(feature, name, act, chosen, agreed)
        return act

    return add


def _combinations(values: Sequence[_Values]) -> Iterator[dict[str, Any]]:
    if not values:
        yield {}
        return
    for row in values[0].rows:
        for rest in _combinations(values[1:]):
            yield dict(zip(values[0].names, row, strict=True)) | rest


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case there is, by feature."""
    package = import_module("scenarios.conformance.cases")
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)
    return tuple(sorted(_CASES.values(), key=lambda one: FEATURES.index(one.feature)))


async def any_life_is_answered_as_by_the_reference_engine(bench: Bench) -> None:
    """Many messages on many benches: ``lives.py`` runs it."""
    raise TypeError("the state machine is not for one bench")


LIVES = Case(
    "State machine",
    any_life_is_answered_as_by_the_reference_engine.__name__,
    any_life_is_answered_as_by_the_reference_engine,
)


def chosen(names: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these features, rules or single cases, and LIVES; all where none is named. Raises BadInput."""
    cases = (*all_cases(), LIVES)
    if not names:
        return cases
    known: dict[str, list[Case]] = {}
    for one in cases:
        for word in {one.name, one.family, _word(one.feature)}:
            known.setdefault(word, []).append(one)
    picked: dict[str, Case] = {}
    for name in names:
        found = known.get(_word(name))
        if found is None:
            close = nearest(_word(name), known)
            hint = f"did you mean {close}?" if close else f"features are {', '.join(FEATURES)}"
            raise BadInput(f"no feature or case {name!r}: {hint}")
        picked |= {one.name: one for one in found}
    return tuple(one for one in cases if one.name in picked)


def _word(feature: str) -> str:
    return feature.strip().lower().replace(" ", "_").replace("-", "_")
