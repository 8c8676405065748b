"""Benches for the state machine: one that remembers what was said, and an auditor for an engine that needs none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.interface import (
    AuthorizationAdvice,
    AuthorizationRequest,
    ClearingBatch,
    DepositNotice,
    DisputeNotice,
    ReversalRequest,
    WithdrawalNotice,
)
from scenarios.conformance.bench import USDC6_PER_CENT, Bench, verb

VERB_OF: dict[type, str] = {
    AuthorizationRequest: "authorize",
    AuthorizationAdvice: "advise",
    ReversalRequest: "reverse",
    ClearingBatch: "capture",
    DisputeNotice: "dispute",
    DepositNotice: "deposit",
    WithdrawalNotice: "withdraw",
}
"""The messages that may be said again."""


class Recording(Bench):
    """A bench that keeps every message that may be said again."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.said: list[Any] = []

    async def tell(self, message: Any, call: Any, said: Any = None) -> Any:
        if type(message) in VERB_OF:
            self.said.append(message)
        return await super().tell(message, call, said)

    async def say(self, message: Any) -> Any:
        """Any message, with the verb that it belongs to."""
        return await self.tell(message, verb(self.engine, VERB_OF[type(message)]))

    def chain_cents(self, account_id: str) -> int:
        return self.chain.balances.get(self.addresses[account_id], 0) // USDC6_PER_CENT


def told_again(message: Any, *, changed: bool) -> Any | None:
    """The message once more; ``changed``: under its key with another amount, None where it has no key."""
    if not changed:
        return message
    if isinstance(message, DepositNotice | WithdrawalNotice):
        return None
    if isinstance(message, ClearingBatch):
        first, *others = message.presentments
        return replace(message, presentments=(replace(first, amount_cents=first.amount_cents + 1), *others))
    return replace(message, amount_cents=message.amount_cents + 1)


class Deaf:
    """An auditor that hears nothing."""

    findings: tuple[()] = ()

    def __getattr__(self, name: str) -> Any:
        return lambda *words: None
