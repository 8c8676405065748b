"""One key, one answer: for every verb that carries a key, whatever is lost, and for as long as it is owed.

The bodies that are compared are those of the wire, to the byte.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_authorize_when_stores_fail import REQUEST, run
from test_power_cut_at_every_await import BATCH, REVERSAL, Shop, approved, captured, nothing, started, swept
from test_power_cut_in_a_whole_life import ADVICE, INQUIRY, MORE, PARTIAL, REFUND, dispute, refund, sale

from engine.interface import (
    DeclineReason,
    DepositNotice,
    DisputeState,
    IdempotencyConflict,
    Refused,
    UnknownAccount,
    WithdrawalNotice,
    WithdrawalStage,
)
from engine.wire import to_bytes

DEPOSIT = DepositNotice("d2", "ada", 5_000_000, 2)
WITHDRAWAL = WithdrawalNotice("w1", "ada", WithdrawalStage.REQUESTED, 3_000_000, 2)
DECLINED = replace(REQUEST, amount_cents=1_001)
MIXED = replace(BATCH, presentments=(sale("p1", 100, final=False), refund("r1", 30), sale("p2", 700)))


MESSAGES: dict[str, tuple[Any, str, Any]] = {
    "purchase": (nothing, "authorize", REQUEST),
    "partial approval": (nothing, "authorize", PARTIAL),
    "decline": (nothing, "authorize", DECLINED),
    "increment": (approved, "authorize", MORE),
    "inquiry": (nothing, "authorize", INQUIRY),
    "announced refund": (nothing, "authorize", REFUND),
    "advice": (approved, "advise", ADVICE),
    "stand-in": (nothing, "advise", ADVICE),
    "reversal": (approved, "reverse", REVERSAL),
    "reversal first": (nothing, "reverse", REVERSAL),
    "partial reversal": (approved, "reverse", replace(REVERSAL, amount_cents=100)),
    "clearing": (approved, "capture", MIXED),
    "dispute": (captured, "dispute", dispute(DisputeState.SUBMITTED)),
}
"""Messages with a key of their own."""
NOTICES: dict[str, tuple[Any, str, Any]] = {
    "deposit": (nothing, "deposit", DEPOSIT),
    "withdrawal": (nothing, "withdraw", WITHDRAWAL),
}
"""What happened on chain: known by its event."""


def flushed_cache(shop: Shop) -> None:
    shop.cache.flush()


def flushed_holds(shop: Shop) -> None:
    shop.holds.flush()


def failed_over(shop: Shop) -> None:
    shop.holds.fail_over()


def all_of_it(shop: Shop) -> None:
    shop.cache.flush()
    shop.holds.flush()


def crashed(shop: Shop) -> None:
    """Nothing to do: every call here is made to an engine of its own, on the same stores."""


LOSSES = [crashed, flushed_cache, flushed_holds, failed_over, all_of_it]


async def everything(shop: Shop) -> Any:
    return await shop.ledger.funds("ada"), tuple(await shop.ledger.statement(0, 999))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", MESSAGES)
def test_a_repeat_gets_the_first_answer_to_the_byte_and_does_nothing(name, loss) -> None:
    before, verb, message = MESSAGES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        first = await getattr(shop.engine(), verb)(message)
        then = await everything(shop)
        await asyncio.sleep(3_600)
        for _ in range(2):
            loss(shop)
            again = await getattr(shop.engine(), verb)(replace(message, sent_at_ns=7))
            assert to_bytes(again) == to_bytes(first)
        assert await everything(shop) == then
        await swept(shop)
        await shop.agrees()

    run(scenario)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_told_again_is_a_duplicate_and_does_nothing(name, loss) -> None:
    before, verb, notice = NOTICES[name]

    async def scenario(kernel):
        shop = await started(kernel, before)
        assert (await getattr(shop.engine(), verb)(notice)).applied
        then = await everything(shop)
        loss(shop)
        assert not (await getattr(shop.engine(), verb)(notice)).applied
        assert await everything(shop) == then
        await swept(shop)
        await shop.agrees()

    run(scenario)


OTHER_VALUES: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    int: lambda value: value + 1,
    str: lambda value: value + "x",
    tuple: lambda value: value[:-1],
}
NOT_THE_BODY = {"idempotency_key", "sent_at_ns", "deposit_id", "event_id", "block_number"}
"""A key, an instant; and the block, which may be another after a reorganization of the chain."""


def other_bodies() -> list[Any]:
    """Every field of every message, changed alone."""
    found = []
    for name, (_, _, message) in (MESSAGES | NOTICES).items():
        for field in message.__dataclass_fields__:
            value = getattr(message, field)
            if field in NOT_THE_BODY:
                continue
            if value.__class__ in OTHER_VALUES:
                other = OTHER_VALUES[value.__class__](value)
            else:
                other = next(member for member in value.__class__ if member is not value)
            found.append(pytest.param(name, field, other, id=f"{name}-{field}"))
    return found


@pytest.mark.parametrize(("name", "field", "other"), other_bodies())
def test_the_same_key_with_another_body_is_refused_and_does_nothing(name, field, other) -> None:
    _, verb, message = (MESSAGES | NOTICES)[name]

    async def scenario(kernel):
        shop = await started(kernel, MESSAGES.get(name, NOTICES.get(name))[0])
        await getattr(shop.engine(), verb)(message)
        then = await everything(shop)
        with pytest.raises(IdempotencyConflict):
            await getattr(shop.engine(), verb)(replace(message, **{field: other}))
        assert await everything(shop) == then

    run(scenario)


def test_one_presentment_of_many_that_differs_makes_another_batch() -> None:
    async def scenario(kernel):
        shop = await started(kernel, approved)
        await shop.engine().capture(MIXED)
        for field, value in (
            ("amount_cents", 31), ("final", False), ("authorization_id", "x"), ("card_id", "x"), ("network", "amex"),
            ("presentment_id", "x"), ("kind", sale("p", 1).kind),
        ):  # fmt: skip
            presentments = (MIXED.presentments[0], replace(MIXED.presentments[1], **{field: value}), sale("p2", 700))
            with pytest.raises(IdempotencyConflict):
                await shop.engine().capture(replace(MIXED, presentments=presentments))

    run(scenario)


@pytest.mark.parametrize("engines", [1, 3])
@pytest.mark.parametrize("name", MESSAGES)
def test_twins_in_flight_get_one_answer_and_do_one_thing(name, engines) -> None:
    before, verb, message = MESSAGES[name]

    async def scenario(kernel):
        alone = await started(kernel, before)
        expected = await getattr(alone.engine(), verb)(message)
        shop = await started(kernel, before)
        crowd = [shop.engine() for _ in range(engines)]
        calls = [getattr(crowd[number % engines], verb)(message) for number in range(3)]
        answers = await asyncio.gather(*calls)
        assert len({to_bytes(answer) for answer in answers}) == 1
        assert answers[0].__class__ is expected.__class__
        assert await shop.ledger.funds("ada") == await alone.ledger.funds("ada")
        await swept(shop)
        await shop.agrees()

    run(scenario)


INVALID = [
    replace(REQUEST, amount_cents=0),
    replace(REQUEST, amount_cents=-1),
    replace(INQUIRY, amount_cents=1),
    replace(INQUIRY, amount_cents=-1),
    replace(MORE, amount_cents=0, idempotency_key="key-1"),
    replace(REFUND, amount_cents=0),
]


@pytest.mark.parametrize("broken", INVALID)
def test_a_body_that_is_refused_for_itself_does_not_use_up_its_key(broken) -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        for _ in range(2):
            assert (await shop.engine().authorize(broken)).reason is DeclineReason.INVALID_AMOUNT
        assert (await shop.engine().authorize(REQUEST)).approved

    run(scenario)


@pytest.mark.parametrize("broken", INVALID)
def test_a_broken_body_under_a_known_key_is_a_conflict(broken) -> None:
    async def scenario(kernel):
        shop = await started(kernel, nothing)
        first = await shop.engine().authorize(REQUEST)
        with pytest.raises(IdempotencyConflict, match="key-1"):
            await shop.engine().authorize(broken)
        assert await shop.engine().authorize(REQUEST) == first

    run(scenario)


@pytest.mark.parametrize(
    ("verb", "broken"),
    [
        ("reverse", replace(REVERSAL, amount_cents=-1)),
        ("deposit", replace(DEPOSIT, amount_usdc6=0)),
        ("deposit", replace(DEPOSIT, account_id="nobody")),
        ("withdraw", replace(WITHDRAWAL, amount_usdc6=-1)),
        ("withdraw", replace(WITHDRAWAL, account_id="nobody")),
    ],
)
def test_what_is_refused_with_an_error_does_not_use_up_its_key(verb, broken) -> None:
    right = {"reverse": REVERSAL, "deposit": DEPOSIT, "withdraw": WITHDRAWAL}[verb]

    async def scenario(kernel):
        shop = await started(kernel, approved)
        with pytest.raises((Refused, UnknownAccount)):
            await getattr(shop.engine(), verb)(broken)
        answer = await getattr(shop.engine(), verb)(right)
        assert getattr(answer, "applied", True)

    run(scenario)
