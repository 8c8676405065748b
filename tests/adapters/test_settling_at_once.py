"""Two settlement workers on one PostgreSQL and one chain: whatever the lease does, nothing is settled twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from engine.adapters.postgres import PostgresLedger, connect
from engine.adapters.postgres.owners import account_ids
from engine.domain import ledger as journal
from engine.domain.accounts import Account, AccountStatus
from engine.domain.ledger import Commit, Queued, Touch
from engine.domain.terms import Terms
from engine.ports import Ports
from engine.services.settle import Settle
from simulators.backends.holds import MemoryHoldStore
from tests.conformance.ports.chains import OPENING_USDC6, PEOPLE, USDC, Real, real_chains
from tests.conformance.ports.postgres import OnPostgres, url

NOW_NS = 1_800_000_000 * 10**9


class Instantly:
    """Serves without a delay."""

    async def serve(self) -> None: ...


class Now:
    def now_ns(self) -> int:
        return NOW_NS


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, Real]]:
    made = real_chains()
    yield made
    for node in made.values():
        node.stop()


async def with_captures(ledger: PostgresLedger, addresses: dict[str, str], each_usdc6: dict[str, int]) -> None:
    for name, address in addresses.items():
        account = Account(name, address, AccountStatus.ACTIVE, 1)
        await ledger.update(Touch(accounts=(name,)), lambda rows, account=account: Commit(accounts=(account,)))
        amount = each_usdc6[name]
        entries = (
            journal.deposit(f"d-{name}", name, 1, OPENING_USDC6),
            journal.capture(
                f"p-{name}", name, "visa", 2, amount_cents=amount // 10_000, from_hold_usdc6=0, freed_usdc6=0,
                from_available_usdc6=amount,
            ),
        )  # fmt: skip
        commit = Commit(entries, queued=(Queued(f"p-{name}", name, amount),))
        await ledger.update(Touch(accounts=(name,)), lambda rows, commit=commit: commit)


def settling(ledger: PostgresLedger, chain: object, batch_users: int) -> Settle:
    ports = Ports(clock=Now(), cache=None, holds=MemoryHoldStore(Instantly()), ledger=ledger, chain=chain)
    return Settle(ports, Terms(batch_users=batch_users))


async def blocks_until(world, done) -> None:
    while not all(each.done() for each in done):
        await world.blocks(1)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("node", ["devnet", "anvil"])
@pytest.mark.parametrize("batch_users", [1, 200])
def test_two_at_once_without_the_lease_burn_once_and_book_once(nodes, node, batch_users) -> None:
    spent = {"ada": 3 * USDC, "bob": OPENING_USDC6 + 2 * USDC, "cyd": USDC}

    async def scenario(world):
        async def settles(ledger):
            await with_captures(ledger, world.addresses, spent)
            supply = world.supply()
            other = connect(url())
            try:
                who = account_ids(other)
                chains = [world.sender(account_ids=who), world.sender(account_ids=who)]
                both = zip((ledger, PostgresLedger(other)), chains, strict=True)
                ticks = [asyncio.create_task(settling(mine, chain, batch_users)(NOW_NS)) for mine, chain in both]
                await blocks_until(world, ticks)
                [await tick for tick in ticks]
                assert await ledger.open_settlements() == []
            finally:
                await other.dispose()
            assert supply - world.supply() == 3 * USDC + OPENING_USDC6 + USDC
            assert [world.balance(name) for name in PEOPLE] == [7 * USDC, 0, 9 * USDC]
            lines = await ledger.statement(0, 100)
            booked = Counter((line.kind, line.account_id, line.amount_usdc6) for line in lines if line.account_id)
            settled = {key: times for key, times in booked.items() if key[0] == "settlement"}
            assert settled == {
                ("settlement", "ada", 3 * USDC): 1,
                ("settlement", "bob", OPENING_USDC6): 1,
                ("settlement", "cyd", USDC): 1,
            }
            assert [(await ledger.funds(name)).unsettled_usdc6 for name in PEOPLE] == [0, 0, 0]
            assert (await ledger.funds("bob")).receivable_usdc6 == 2 * USDC

        made = OnPostgres()
        await made._within(lambda _: settles(made(None)), url())

    url()
    nodes[node].run(scenario)
