"""CardToken over a token that calls back, keeps a fee or refuses: nothing is ever unbacked, nothing happens twice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from eth_abi import decode, encode

from contracts import loader
from contracts.loader import RevertReason
from contracts.words import selector, uint_word
from tests.contracts.chain import Chain

ID = b"\x01" * 32
INNER_ID = b"\x02" * 32
STAKE_USDC6 = 100


@dataclass(frozen=True, slots=True)
class Trap:
    """A CardToken over the hostile token, which holds card money, a ready withdrawal and every role itself."""

    chain: Chain
    token: str
    card: str

    def send(self, sender: str, call: bytes) -> None:
        self.chain.send(sender, self.card, call)

    def arm(self, payload: bytes) -> None:
        """From now on, every transfer of the token first calls the card with this."""
        self._tell("arm(address,bytes)", encode(("address", "bytes"), (self.card, payload)))

    def act(self, call: bytes) -> None:
        """The token itself calls the card."""
        self._tell("act(address,bytes)", encode(("address", "bytes"), (self.card, call)))

    def keep_fee(self, units: int) -> None:
        """From now on, deposits deliver this much less."""
        self._tell("keepFee(uint256)", uint_word(units))

    def refuse(self) -> None:
        """From now on, payouts answer false."""
        self._tell("refuse()", b"")

    def answers(self) -> tuple[int, bool, bytes]:
        """How often the card was called back, and how the last of these calls ended."""
        calls, succeeded, answer = (self._ask(name) for name in ("calls()", "lastSucceeded()", "lastAnswer()"))
        return loader.decode_uint(calls), loader.decode_bool(succeeded), decode(("bytes",), answer)[0]

    def funds(self, owner: str) -> tuple[int, int]:
        """Card money and hostile money of `owner`."""
        card = self.chain.read(self.card, loader.encode_card_balance(owner))
        coins = self.chain.read(self.token, loader.encode_balance_of(owner))
        return loader.decode_uint(card), loader.decode_uint(coins)

    def supply_and_held(self) -> tuple[int, int]:
        """What backs what."""
        supply = self.chain.read(self.card, loader.encode_total_supply())
        return loader.decode_uint(supply), self.funds(self.card)[1]

    def _tell(self, signature: str, arguments: bytes) -> None:
        self.chain.send(self.chain.stranger, self.token, selector(signature) + arguments)

    def _ask(self, signature: str) -> bytes:
        return self.chain.read(self.token, selector(signature))


@pytest.fixture
def trap(chain: Chain) -> Trap:
    """Ann, Bob and the token itself have card money; Ann's and the token's withdrawals are ready."""
    token = chain.deploy(loader.load_artifact("test/HostileUSDC").bytecode)
    trap = Trap(chain, token, chain.deploy_card(token))
    for owner in (chain.ann, chain.bob):
        chain.send(owner, token, loader.encode_mint(owner, 2 * STAKE_USDC6))
        chain.send(owner, token, loader.encode_approve(trap.card, 2**256 - 1))
        trap.send(owner, loader.encode_deposit(STAKE_USDC6))
    trap.send(chain.bob, loader.encode_deposit_for(token, STAKE_USDC6))
    for role in (loader.DEFAULT_ADMIN_ROLE, loader.SETTLER_ROLE, loader.PAUSER_ROLE):
        trap.send(chain.admin, loader.encode_grant_role(role, token))
    trap.act(loader.encode_request_withdrawal(STAKE_USDC6))
    trap.send(chain.ann, loader.encode_request_withdrawal(STAKE_USDC6))
    chain.send(chain.stranger, token, loader.encode_mint(trap.card, 5))  # a surplus, so that there is one to sweep
    ready = loader.decode_pending_withdrawal(chain.read(trap.card, loader.encode_pending_withdrawal(chain.ann)))
    chain.travel_to(ready.ready_at_s)
    return trap


def outer_calls(chain: Chain) -> dict[str, tuple[str, bytes]]:
    """Everything that makes the card move USDC: who calls, and what."""
    return {
        "deposit": (chain.ann, loader.encode_deposit(10)),
        "depositFor": (chain.ann, loader.encode_deposit_for(chain.bob, 10)),
        "depositBatch": (chain.ann, loader.encode_deposit_batch([chain.ann, chain.bob], [4, 6])),
        "settle": (chain.settler, loader.encode_settle(chain.bob, 10, ID)),
        "settleBatch": (chain.settler, loader.encode_settle_batch([chain.ann, chain.bob], [4, 6], ID)),
        "withdraw": (chain.ann, loader.encode_withdraw()),
        "sweep": (chain.admin, loader.encode_sweep()),
    }


def inner_calls(chain: Chain, token: str) -> list[bytes]:
    """Everything that the token could do from within, with its own card money and roles."""
    return [
        loader.encode_deposit(1),
        loader.encode_deposit_for(token, 1),
        loader.encode_deposit_batch([token], [1]),
        loader.encode_settle(chain.bob, 1, INNER_ID),
        loader.encode_settle_batch([chain.bob], [1], INNER_ID),
        loader.encode_request_withdrawal(1),
        loader.encode_cancel_withdrawal(),
        loader.encode_withdraw(),
        loader.encode_sweep(),
    ]


OUTER = ["deposit", "depositFor", "depositBatch", "settle", "settleBatch", "withdraw", "sweep"]


@pytest.mark.parametrize("outer", OUTER)
def test_nothing_can_be_called_from_within_a_transfer(trap: Trap, outer: str) -> None:
    chain = trap.chain
    sender, call = outer_calls(chain)[outer]
    before = chain.snapshot()
    for inner in inner_calls(chain, trap.token):
        chain.restore(before)
        trap.arm(inner)
        trap.send(sender, call)
        calls, succeeded, answer = trap.answers()
        assert (calls, succeeded) == (1, False)
        assert loader.decode_revert(answer) == RevertReason("ReentrancyGuardReentrantCall", ())
        assert trap.funds(trap.token)[0] == STAKE_USDC6
        supply, held = trap.supply_and_held()
        assert held - supply == (0 if outer == "sweep" else 5)


@pytest.mark.parametrize("outer", OUTER)
def test_whoever_looks_from_within_a_transfer_never_sees_unbacked_money(trap: Trap, outer: str) -> None:
    sender, call = outer_calls(trap.chain)[outer]
    trap.arm(loader.encode_surplus())
    trap.send(sender, call)
    calls, succeeded, answer = trap.answers()
    assert (calls, succeeded) == (1, True)
    assert loader.decode_uint(answer) >= 5


@pytest.mark.parametrize("fee", [5, 6])
def test_a_deposit_that_arrives_short_is_refused_unless_a_surplus_covers_it(trap: Trap, fee: int) -> None:
    chain = trap.chain
    trap.keep_fee(fee)
    calls = [call for name, (_, call) in outer_calls(chain).items() if name.startswith("deposit")]
    supply, held = trap.supply_and_held()
    if fee > held - supply:
        reason = RevertReason("Unbacked", (supply + 10, held + 10 - fee))
        assert [chain.refused(chain.ann, trap.card, call) for call in calls] == [reason] * 3
    else:
        trap.send(chain.ann, calls[0])
        assert trap.supply_and_held() == (supply + 10, held + 10 - fee)


@pytest.mark.parametrize("outer", ["settle", "settleBatch", "withdraw", "sweep"])
def test_a_refused_payout_undoes_everything(trap: Trap, outer: str) -> None:
    chain = trap.chain
    sender, call = outer_calls(chain)[outer]
    trap.refuse()
    before = [trap.supply_and_held(), trap.funds(chain.ann), trap.funds(chain.bob)]
    assert chain.refused(sender, trap.card, call) == RevertReason("SafeERC20FailedOperation", (trap.token,))
    chain.fail(sender, trap.card, call)
    assert [trap.supply_and_held(), trap.funds(chain.ann), trap.funds(chain.bob)] == before
    assert not loader.decode_bool(chain.read(trap.card, loader.encode_settled(ID)))
    pending = chain.read(trap.card, loader.encode_pending_withdrawal(chain.ann))
    assert pending[:32] == uint_word(STAKE_USDC6)


def test_the_trap_is_dangerous_outside_of_a_transfer(trap: Trap) -> None:
    """So that the refusals above are the guard's doing, and not for want of money or roles."""
    chain = trap.chain
    before = chain.snapshot()
    for inner in inner_calls(chain, trap.token)[3:]:
        chain.restore(before)
        if inner == loader.encode_request_withdrawal(1):
            trap.act(loader.encode_cancel_withdrawal())
        trap.act(inner)
