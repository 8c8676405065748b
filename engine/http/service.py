"""What the service over HTTP is handed: an engine, and what an engine does not say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import TextIO

from engine.interface import CardEngine
from engine.ports import Clock
from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the service needs. ``detail``: where it is not well, what is wrong and what to do; no secrets."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class TransactionLine:
    """One line of an account's history. ``line_id`` is positive and rises with time; the amount is in millionths."""

    line_id: int
    kind: str
    ref: str
    amount_usdc6: int
    at_ns: int


Transactions = Callable[[str, int | None, int], Awaitable[Sequence[TransactionLine]]]
"""(account id, only lines before this line id, at most so many): the newest first; nothing for an unknown account."""

Changes = Callable[[str], AsyncIterator[None]]
"""Hints that the balance of this account may have changed, from the first step of the iterator on. A hint may be lost
or be for nothing; an iterator that ends or raises ends the stream that it feeds."""


def _nothing_to_start() -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Service:
    """All of it, for one worker process.

    ``health`` never raises for what it looks at. ``running`` is
    entered before the first request and left after the last: pools, background work. ``log_to`` None is standard error.
    """

    engine: CardEngine
    clock: Clock
    settings: Settings
    health: Callable[[], Awaitable[Sequence[Check]]]
    transactions: Transactions
    changes: Changes
    running: Callable[[], AbstractAsyncContextManager[None]] = _nothing_to_start
    log_to: TextIO | None = None
