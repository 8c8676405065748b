"""The least amount that a message may have: one below it is an error, and nothing is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import FUNDS_USDC6, bench, run

from engine.interface import DepositNotice, EngineError, ReversalRequest, WithdrawalNotice, WithdrawalStage

MESSAGES = {
    "deposit": (1, lambda amount: DepositNotice("d:1", "ada", amount, 1)),
    "withdraw": (0, lambda amount: WithdrawalNotice("w:1", "ada", WithdrawalStage.REQUESTED, amount, 1)),
    "reverse": (0, lambda amount: ReversalRequest("r:1", "auth-1", "card-1", "visa", 0, amount)),
}


@pytest.mark.parametrize(("beyond", "sound"), [(-1, False), (0, True), (1, True)])
@pytest.mark.parametrize("verb", MESSAGES)
def test_the_least_amount_that_a_message_may_have(verb, beyond, sound) -> None:
    """A reversal of 0 is one of everything; a withdrawal that was reduced to 0 has nothing left to pay out."""
    least, message = MESSAGES[verb]
    amount = least + beyond

    async def scenario(kernel):
        at = await bench(kernel)
        call = getattr(at.engine, verb)(message(amount))
        if sound:
            await call
        else:
            with pytest.raises(EngineError, match="amount"):
                await call
        left = FUNDS_USDC6 + ({"deposit": amount, "withdraw": -amount, "reverse": 0}[verb] if sound else 0)
        assert (await at.ledger.funds("ada")).available_usdc6 == left

    run(scenario)
