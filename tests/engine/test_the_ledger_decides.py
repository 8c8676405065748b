"""Where the hold store, or a list of what is due, says more than is so, the bounds of the ledger hold."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, bench, run

from engine.interface import AuthorizationKind, DeclineReason, DepositNotice, EngineKit, Terms
from engine.ports import Hold
from engine.services.engine import build

MORE = replace(REQUEST, idempotency_key="more", kind=AuthorizationKind.INCREMENTAL, amount_cents=401)


class Instead:
    """A port with one method of another's making."""

    def __init__(self, port: Any, **methods: Any) -> None:
        self._port, self._methods = port, methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._port, name)


@pytest.mark.parametrize(("more_usdc6", "approved"), [(9_999, False), (10_000, True), (10_001, True)])
@pytest.mark.parametrize("request_", [MORE, replace(MORE, kind=AuthorizationKind.PURCHASE, authorization_id="auth-2")])
def test_nothing_is_approved_that_the_ledger_has_not(request_, more_usdc6, approved) -> None:
    """Of 10 $, 6 are held; asked is a cent more than the rest, and a millionth of it may be missing."""

    async def scenario(kernel):
        at = await bench(kernel)
        assert (await at.engine.authorize(REQUEST)).approved
        await at.engine.deposit(DepositNotice("d:2", "ada", more_usdc6, 1))
        asked = 0

        async def place(hold: Hold, scopes: Any) -> Any:
            nonlocal asked
            asked += 1
            return await at.holds.place(hold._replace(amount_usdc6=1) if asked == 1 else hold, scopes)

        engine = build(EngineKit(Terms(), replace(at.ports, holds=Instead(at.holds, place=place))))
        answer = await engine.authorize(request_)
        assert answer.reason is (None if approved else DeclineReason.INSUFFICIENT_FUNDS)
        assert (await at.ledger.funds("ada")).held_usdc6 == 6_000_000 + 4_010_000 * approved

    run(scenario)


@pytest.mark.parametrize(("step_ns", "over"), [(-1, False), (0, True), (1, True)])
def test_a_tick_ends_nothing_early_whatever_it_is_offered(step_ns, over) -> None:
    async def scenario(kernel):
        at = await bench(kernel)
        ends_ns = (await at.engine.authorize(REQUEST)).hold_expires_at_ns
        offered = ["auth-1"]

        async def due(now_ns: int, limit: int) -> list[str]:
            return [offered.pop()] if offered else []

        engine = build(EngineKit(Terms(), replace(at.ports, ledger=Instead(at.ledger, due=due))))
        assert (await engine.expire(ends_ns + step_ns)).expired == (("auth-1",) if over else ())
        assert (await at.ledger.funds("ada")).held_usdc6 == (0 if over else 6_000_000)

    run(scenario)
