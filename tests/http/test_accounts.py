"""What a customer reads: a balance, and a history in pages that neither repeat nor miss a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.http.accounts import LARGEST_LIMIT
from engine.http.service import TransactionLine
from tests.http.test_verbs import problem
from tests.http.world import World, opened

BALANCE = "/v1/accounts/acct-1/balance"
LINES = "/v1/accounts/acct-1/transactions"


def line(line_id: int) -> TransactionLine:
    return TransactionLine(line_id, "deposit", f"d{line_id}", 10_000, 1_772_323_200_000_000_000 + line_id)


async def test_a_balance_is_the_engines() -> None:
    world = World()
    async with world.client() as client:
        await opened(client)
        answer = await client.get(BALANCE)
    assert answer.json() == {
        "account_id": "acct-1", "available_usdc6": 250_000_000, "held_usdc6": 0, "unsettled_usdc6": 0,
        "withdrawing_usdc6": 0, "receivable_usdc6": 0,
    }  # fmt: skip


async def test_an_account_that_is_not_there_is_a_404_and_one_without_history_is_not() -> None:
    async with World().client() as client:
        problem(await client.get(BALANCE), 404, "unknown_account")
        problem(await client.get(LINES), 404, "unknown_account")
        await opened(client)
        assert (await client.get(LINES)).json() == {"transactions": [], "next_before": None}


@given(ids=st.sets(st.integers(1, 10**12), max_size=30), limit=st.integers(1, 12))
def test_pages_have_every_line_once_newest_first(ids: set[int], limit: int) -> None:
    import asyncio

    async def read() -> list[int]:
        world = World()
        world.lines["acct-1"] = [line(line_id) for line_id in ids]
        found, before = [], None
        async with world.client() as client:
            await opened(client)
            while True:
                query = f"?limit={limit}" + (f"&before={before}" if before else "")
                page = (await client.get(LINES + query)).json()
                found += [entry["line_id"] for entry in page["transactions"]]
                before = page["next_before"]
                if before is None:
                    return found

    assert asyncio.run(read()) == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    "query,name",
    [
        ("limit=0", "limit"),
        (f"limit={LARGEST_LIMIT + 1}", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=1&limit=2", "limit"),
        ("before=0", "before"),
        ("before=-1", "before"),
        (f"before={2**63}", "before"),
        ("befor=1", "query"),
    ],
)
async def test_a_wrong_parameter_is_named(query: str, name: str) -> None:
    async with World().client() as client:
        await opened(client)
        assert problem(await client.get(f"{LINES}?{query}"), 400, "malformed")["detail"].startswith(f"{name}: ")


@pytest.mark.parametrize("account_id", ["%00", "x" * 256])
async def test_an_id_that_nobody_can_have_is_a_400(account_id: str) -> None:
    async with World().client() as client:
        problem(await client.get(f"/v1/accounts/{account_id}/balance"), 400, "malformed")
