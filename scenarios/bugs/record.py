"""What a planted fault is: a record, written down before anything is run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    MONEY = "money arithmetic"
    RACES = "races"
    IDEMPOTENCY = "idempotency"
    LIMITS = "limits and calendar"
    LIFECYCLE = "lifecycle"
    MESSAGES = "late, duplicate and out-of-order messages"
    STAND_IN = "stand-in"
    SETTLEMENT = "settlement"
    FUNDING = "funding"
    CACHE_LOSS = "cache loss"
    SECRECY = "secrecy"


@dataclass(frozen=True, slots=True)
class Edit:
    """``old`` stands exactly once in the source of ``module``, and is replaced by ``new``."""

    module: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """One realistic fault of the production engine.

    ``what`` is wrong, and ``why``: how it comes about in real code. ``only_when``: the condition under which it shows,
    "" for those that show at once; ``hard`` is what is rare about it by design: one date, amount or interleaving.
    ``corrected``: where trials have shown that the reasoning for another invariant was wrong, that reasoning.
    ``invariant`` is the only alarm that counts. ``world`` names the scenario in ``worlds/`` that it is hunted in.
    """

    id: str
    family: Family
    what: str
    why: str
    invariant: str
    world: str
    edits: tuple[Edit, ...]
    only_when: str = ""
    hard: str = ""
    corrected: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A bug that is designed and cannot be planted yet: ``waits_for`` says what has to be there first."""

    id: str
    family: Family
    what: str
    invariant: str
    waits_for: str
