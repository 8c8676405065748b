"""What the routes for customers answer, beside the engine's own messages."""

from __future__ import annotations

from dataclasses import dataclass

from engine.http.service import TransactionLine


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """A page of an account's history, newest first. ``next_before`` is what to ask ``before`` next; null: no more."""

    transactions: tuple[TransactionLine, ...]
    next_before: int | None
