"""An engine behind a URL: one for all cases, on a clock, a chain and terms of its own.

Each case has ids of its own there: whatever names something is prefixed on its way out, and the answers lose the
prefix on their way back, so that a case sees no other, and no earlier run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import httpx

from engine.interface import ExpiryReceipt, StatementPage, Terms
from engine.wire import VERBS
from scenarios.behind_url import API_KEY, key_headers, look
from scenarios.conformance.bench import Bench
from scenarios.conformance.chain import BenchChain, BenchClock, address_of
from scenarios.conformance.verdicts import NotApplicable
from simulators.auditor import Auditor
from simulators.http_engine import WireEngine

TIMEOUT_S = 30.0
SLACK_NS = 60 * 1_000_000_000
"""How far the clock over there may be off."""
NAMES = frozenset({
    "account_id", "card_id", "mandate_id", "authorization_id", "presentment_id", "dispute_id", "deposit_id", "event_id",
    "file_id", "idempotency_key", "replaces", "ref",
})  # fmt: skip
"""The fields that name something."""


class RemoteEngine:
    """The service at ``text``, for one case after the other. ``run`` tells this run's names from those of others."""

    shared = True

    def __init__(self, text: str) -> None:
        self.text = text.strip().rstrip("/")
        self._run = f"{time.time_ns():x}"
        self._cases = itertools.count(1)
        self._tls = ssl.create_default_context()
        self._key = os.environ.get(API_KEY, "")
        look(self.text, self._key, f"engine {self.text!r}")

    def play(self, play: Callable[[Bench], Awaitable[None]], terms: Terms | None) -> Bench:
        """Raises NotApplicable for a case that needs terms of its own."""
        if terms is not None:
            raise NotApplicable("needs terms of its own")
        clock = WallClock()
        chain = NoChain(clock)
        agreed = Terms()
        prefix = f"{self._run}-{next(self._cases)}-"
        auditor = Auditor(agreed, slack_ns=SLACK_NS, chain=False)

        async def whole() -> Bench:
            async with httpx.AsyncClient(
                base_url=self.text, timeout=TIMEOUT_S, verify=self._tls, headers=key_headers(self._key)
            ) as client:
                bench = Bench(Prefixed(WireEngine(client), prefix), clock, chain, agreed, auditor)
                await play(bench)
                await bench.close()
                return bench

        return asyncio.run(whole())


class WallClock(BenchClock):
    """Real time, never falling. It cannot be set, and no instant of a case is known beforehand."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    @property
    def at_ns(self) -> int:  # type: ignore[override]
        return self._offset_ns + time.monotonic_ns()

    @at_ns.setter
    def at_ns(self, value: int) -> None:
        raise NotApplicable("sets the clock")

    @property
    def start_ns(self) -> int:  # type: ignore[override]
        raise NotApplicable("compares instants of a clock that it has set")


class NoChain(BenchChain):
    """The engine has a chain of its own: deposits are told to it, and nothing is burned here."""

    settles = False

    def needed(self) -> None:
        raise NotApplicable("settles on a chain that it can look at")

    def pay_out(self, address: str, amount_usdc6: int) -> None:
        """Nothing is paid out here."""


class Prefixed:
    """A CardEngine that others use too: every name that goes to it gets ``prefix``, and loses it on the way back."""

    def __init__(self, engine: Any, prefix: str) -> None:
        self._prefix = prefix
        self._skip = len(prefix)
        for name in VERBS:
            setattr(self, name, self._with_names(getattr(engine, name)))

    def _with_names(self, call: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        async def with_names(message: Any) -> Any:
            return self._back(await call(self._out(message)))

        return with_names

    def _out(self, message: Any) -> Any:
        if isinstance(message, str):  # the one argument of ``balance``
            return self._prefix + message
        return self._changed(message, lambda name: self._prefix + name if name else name)

    def _changed(self, message: Any, change: Callable[[str], str]) -> Any:
        """The message with every name in it changed, however deep."""
        if isinstance(message, tuple):
            return tuple(self._changed(item, change) for item in message)
        if not is_dataclass(message):
            return message
        new: dict[str, Any] = {}
        for field in fields(message):
            value = getattr(message, field.name)
            if field.name in NAMES:
                new[field.name] = change(value)
            elif field.name == "address":
                new[field.name] = address_of(self._prefix + value.lower())
            elif isinstance(value, tuple) or is_dataclass(value):
                new[field.name] = self._changed(value, change)
        return replace(message, **new)

    def _back(self, answer: Any) -> Any:
        """Without what belongs to others."""
        if isinstance(answer, ExpiryReceipt):
            ours = tuple(one[self._skip :] for one in answer.expired if one.startswith(self._prefix))
            return ExpiryReceipt(ours)
        if isinstance(answer, StatementPage):
            ours = tuple(one for one in answer.entries if one.account_id.startswith(self._prefix))
            return StatementPage(tuple(self._changed(one, self._bare) for one in ours), answer.next_cursor)
        return self._changed(answer, self._bare)

    def _bare(self, name: str) -> str:
        return name.replace(self._prefix, "", 1)
