"""What only a real database can show: callers that come at the same instant, and what is left when one fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from engine.adapters.postgres import PostgresLedger
from engine.adapters.postgres.connection import connect, transact
from engine.adapters.postgres.migrate import migrate
from engine.adapters.postgres.reading import lock
from engine.adapters.postgres.tables import METADATA
from engine.adapters.postgres.writing import write_entries
from engine.adapters.stored import dump, load
from engine.domain import ledger as journal
from engine.domain.accounts import Account, AccountStatus, Card, CardStatus, Funds, Mandate
from engine.domain.authorization import Authorization, Status
from engine.domain.ledger import Answer, Commit, HoldChange, Posting, Queued, Recorded, Touch, UnbalancedEntry
from engine.domain.limits import Spend
from engine.domain.policies import PRESETS
from engine.domain.terms import LimitTerms, Velocity
from engine.interface import AuthorizationResponse, CaptureOutcome, CaptureResult, ClearingReceipt, DeclineReason
from engine.ports import PortUnavailable
from tests.conformance.ports.postgres import OnPostgres, url

CENT = 10_000


def approval(number: int, owner: str, cents: int, key: str = "") -> Commit:
    ref = f"a{number}"
    row = Authorization(ref, owner, "visa", cents, cents, 0, Status.OPEN, 1, 99)
    answer = Answer(key or ref, b"body", AuthorizationResponse(ref, True, cents, "00", None, 99))
    return Commit((journal.hold(ref, owner, 1, cents * CENT),), (row,), (answer,), account_id=owner, view=1)


async def with_funds(ledger: PostgresLedger, cents: int, *owners: str) -> None:
    for owner in owners:
        opening = Commit(accounts=(Account(owner, f"0x{owner}", AccountStatus.ACTIVE, 1),))
        await ledger.update(Touch(accounts=(owner,)), lambda rows, opening=opening: opening)
        deposit = Commit((journal.deposit(f"d-{owner}", owner, 1, cents * CENT),))
        await ledger.update(Touch(accounts=(owner,)), lambda rows, deposit=deposit: deposit)


def on_postgres(scenario):
    made = OnPostgres()
    made.run(lambda _: scenario(made(None)))


def test_decisions_that_come_at_once_never_hold_more_than_there_is() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 100, "ada", "bob")
        asked = [approval(number, ("ada", "bob")[number % 2], 7) for number in range(60)]
        outcomes = await asyncio.gather(*(ledger.record(commit) for commit in asked))
        assert Counter(outcomes) == {Recorded.DONE: 28, Recorded.SHORT: 32}, "14 times 7 cents of each 100"
        for owner in ("ada", "bob"):
            assert await ledger.funds(owner) == Funds(available_usdc6=2 * CENT, held_usdc6=98 * CENT)

    on_postgres(scenario)


def test_of_twins_under_one_key_exactly_one_is_recorded_whichever_process_it_came_to() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 100, "ada")
        other = PostgresLedger(ledger._engine)
        twins = [side.record(approval(number, "ada", 1, key="k")) for number in range(5) for side in (ledger, other)]
        outcomes = Counter(await asyncio.gather(*twins))
        assert outcomes == {Recorded.DONE: 1, Recorded.ANSWERED: 9}
        assert await ledger.funds("ada") == Funds(available_usdc6=99 * CENT, held_usdc6=CENT)

    on_postgres(scenario)


@pytest.mark.parametrize("attempt", range(5))
def test_of_first_openings_at_once_one_sees_the_other_and_a_card_has_one_account(attempt) -> None:
    """Both look before they write; whoever comes second looks again, and is refused by its own rule."""

    async def scenario(ledger):
        def opening(owner: str, address: str):
            def transition(rows):
                card = rows.cards.get("c")
                if rows.addresses.get("ada", address) != address or (card and card.account_id != owner):
                    raise LookupError("refused")
                account = Account(owner, address, AccountStatus.ACTIVE, 1)
                return Commit(accounts=(account,), cards=(Card("c", owner, "visa", 1, CardStatus.ACTIVE),))

            return ledger.update(Touch(accounts=(owner,), cards=("c",)), transition)

        pairs = (("ada", "0xa"), ("ada", "0xb")) if attempt % 2 else (("ada", "0xa"), ("bob", "0xb"))
        outcomes = await asyncio.gather(*(opening(*pair) for pair in pairs), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Commit", "LookupError"]

    on_postgres(scenario)


def test_updates_of_one_account_follow_one_another() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 0, "ada")

        def one_more(rows):
            ref = f"d{rows.funds['ada'].available_usdc6}"
            return Commit((journal.deposit(ref, "ada", 1, 1),), posted=(ref,))

        await asyncio.gather(*(ledger.update(Touch(accounts=("ada",)), one_more) for _ in range(20)))
        assert await ledger.funds("ada") == Funds(available_usdc6=20)
        assert {line.ref for line in await ledger.statement(1, 99)} == {f"d{number}" for number in range(20)}

    on_postgres(scenario)


def test_what_two_settlers_form_at_once_holds_every_capture_once() -> None:
    async def scenario(ledger):
        owners = [f"u{number}" for number in range(12)]
        await with_funds(ledger, 1, *owners)
        queued = tuple(Queued(f"p{number}", owners[number % 12], 1 + number) for number in range(48))
        await ledger.update(Touch(), lambda rows: Commit(queued=queued))

        async def settler(ledger):
            formed = []
            while (settlement := await ledger.form_settlement(1, max_users=5)) is not None:
                formed.append(settlement)
            return formed

        one, other = await asyncio.gather(settler(ledger), settler(PostgresLedger(ledger._engine)))
        amounts = [amount for settlement in one + other for amount in settlement.amounts_usdc6]
        assert sorted(amounts) == sorted(
            (owner, sum(q.amount_usdc6 for q in queued if q.account_id == owner)) for owner in owners
        )
        assert {s.settlement_id for s in await ledger.open_settlements()} == {s.settlement_id for s in one + other}

    on_postgres(scenario)


def test_a_decision_that_cannot_be_stored_fails_alone() -> None:
    """A NUL, which PostgreSQL takes in no text, among decisions that gathered behind another."""

    async def scenario(ledger):
        await with_funds(ledger, 100, "ada")
        asked = [approval(number, "ada", 1, key="nul\0" if number == 4 else "") for number in range(8)]
        outcomes = await asyncio.gather(*(ledger.record(commit) for commit in asked), return_exceptions=True)
        assert [place for place, outcome in enumerate(outcomes) if outcome is not Recorded.DONE] == [4]
        assert not isinstance(outcomes[4], PortUnavailable)
        assert await ledger.funds("ada") == Funds(available_usdc6=93 * CENT, held_usdc6=7 * CENT)

    on_postgres(scenario)


def test_whoever_gives_up_before_the_transaction_begins_is_not_recorded() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 100, "ada")
        first, second, third = (asyncio.ensure_future(ledger.record(approval(n, "ada", 1))) for n in range(3))
        await asyncio.sleep(0)  # two transactions have begun; the third decision waits for one of them
        third.cancel()
        assert [await first, await second] == [Recorded.DONE] * 2
        assert (await asyncio.gather(third, return_exceptions=True))[0].__class__ is asyncio.CancelledError
        assert await ledger.answer("a2") is None

    on_postgres(scenario)


def test_money_for_an_account_that_does_not_exist_is_not_booked() -> None:
    async def scenario(ledger):
        deposit = Commit((journal.deposit("d", "nobody", 1, 7),))
        with pytest.raises(LookupError, match="nobody"):
            await ledger.update(Touch(), lambda rows: deposit)
        assert list(await ledger.statement(0, 9)) == []

    on_postgres(scenario)


def test_what_is_taken_every_time_is_a_bug_and_no_outage() -> None:
    async def scenario(ledger):
        blind = Commit(posted=("p",))
        await ledger.update(Touch(), lambda rows: blind)
        with pytest.raises(IntegrityError):
            await ledger.update(Touch(), lambda rows: blind)

    on_postgres(scenario)


def test_an_entry_that_does_not_balance_stops_the_engine_and_changes_nothing() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 5, "ada")
        bent = journal.deposit("d", "ada", 1, 7)
        bent = bent._replace(postings=(*bent.postings, Posting("available", "ada", journal.USDC, 1)))
        with pytest.raises(UnbalancedEntry, match="left over"):
            await ledger.update(Touch(accounts=("ada",)), lambda rows: Commit((bent,)))
        assert await ledger.funds("ada") == Funds(available_usdc6=5 * CENT)

    on_postgres(scenario)


def test_a_ledger_that_cannot_be_reached_is_a_port_unavailable() -> None:
    async def scenario():
        engine = connect("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
        with pytest.raises(PortUnavailable, match="PostgreSQL: Conn"):
            await PostgresLedger(engine).funds("ada")
        with pytest.raises(PortUnavailable):
            await PostgresLedger(engine).record(approval(1, "ada", 1))
        await engine.dispose()

    asyncio.run(scenario())


def test_a_server_that_says_nothing_any_more_is_an_outage_and_keeps_no_lane() -> None:
    """Such is a machine that is gone: nothing closes the connections to it."""

    async def scenario(near):
        await with_funds(near, 5, "ada")
        answering = asyncio.Event()
        answering.set()
        met = []
        folder = url().partition("?host=")[2]

        async def relay(reader, writer):
            with suppress(ConnectionError):
                while data := await reader.read(65_536):
                    await answering.wait()
                    writer.write(data)
            writer.close()

        async def meet(reader, writer):
            there, back = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
            met.append(asyncio.current_task())
            await asyncio.gather(relay(reader, back), relay(there, writer))
            for one in (back, writer):
                with suppress(ConnectionError):
                    await one.wait_closed()

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        engine = connect(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres", answers_s=0.2)
        ledger = PostgresLedger(engine)
        assert await ledger.funds("ada") is not None
        answering.clear()
        with pytest.raises(PortUnavailable):
            await ledger.record(approval(1, "ada", 1))
        answering.set()
        assert await ledger.record(approval(1, "ada", 1)) in (Recorded.DONE, Recorded.ANSWERED), "nobody knows which"
        assert await near.funds("ada") == Funds(available_usdc6=4 * CENT, held_usdc6=CENT)
        await ledger.close()
        await engine.dispose()
        await asyncio.gather(*met)
        server.close()
        await server.wait_closed()

    on_postgres(scenario)


def test_a_broken_statement_is_no_outage() -> None:
    async def scenario(ledger):
        with pytest.raises(Exception, match="zilch") as broken:
            await transact(ledger._engine, lambda connection: connection.exec_driver_sql("SELECT zilch"))
        assert not isinstance(broken.value, PortUnavailable)

    on_postgres(scenario)


def test_the_migrations_make_the_tables_that_the_code_expects_and_run_again_without_effect() -> None:
    async def scenario(ledger):
        await asyncio.gather(migrate(ledger._engine), migrate(ledger._engine))

        def differences(connection):
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            return [found for found in compare_metadata(context, METADATA) if "alembic_version" not in str(found)]

        async with ledger._engine.connect() as connection:
            assert await connection.run_sync(differences) == []

    assert url()
    on_postgres(scenario)


LIMITS = LimitTerms(
    daily_count=3, velocity=(Velocity(60, 1), Velocity(90, None, 7)), allowed_mccs=frozenset({"5411", "1"})
)
SPEND = Spend("a", "card", "5411", 2**62, 1, forced=True)


@pytest.mark.parametrize(
    "value",
    [
        LIMITS,
        *(LimitTerms(policy=policy) for policy in PRESETS.values()),
        (HoldChange("ada", "a", 1, -2, None, SPEND, 3), HoldChange("bob")),
        (Mandate("m", 9, limits=LIMITS),),
        ClearingReceipt("f", (CaptureResult("p", CaptureOutcome.POSTED, 1, 2, 3),)),
        AuthorizationResponse("a", False, 0, "51", DeclineReason.INSUFFICIENT_FUNDS, 0),
        True,
        (),
    ],
)
def test_what_is_kept_comes_back_as_it_was_type_for_type(value) -> None:
    back = load(dump(value))
    assert back == value
    assert type(back) is type(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda some: st.lists(some).map(tuple), max_leaves=8
    )
)
def test_tuples_of_anything_plain_come_back(value) -> None:
    assert load(dump(value)) == value


@pytest.mark.parametrize("value", [1.5, {"a": 1}, [1], object(), Card])
def test_what_is_no_record_is_not_kept(value) -> None:
    with pytest.raises(TypeError, match="is not kept"):
        dump(value)


@pytest.mark.parametrize("raw", [{"os.system": ["ls"]}, {"a": 1, "b": 2}, [1], 1.5, {"str": ["x"]}])
def test_nothing_but_records_comes_out_of_a_database(raw) -> None:
    with pytest.raises(ValueError, match="not a stored value"):
        load(raw)


def test_a_card_keeps_its_own_limits() -> None:
    async def scenario(ledger):
        card = Card("c", "ada", "visa", 2**62, CardStatus.FROZEN, LIMITS, "m", "c0", "4242")
        account = Account("ada", "0xada", AccountStatus.SUSPENDED, 2, (Mandate("m", 9, limits=LIMITS),))
        opened = await ledger.update(Touch(accounts=("ada",)), lambda rows: Commit(accounts=(account,), cards=(card,)))
        assert opened.view == 1
        assert await ledger.card("c") == (card, account, 1)

    on_postgres(scenario)


def test_a_statement_page_is_never_overtaken_by_a_writer_that_began_before_and_ended_after_it() -> None:
    """A slow transaction draws its line's number first and commits it last."""

    async def scenario(ledger):
        await with_funds(ledger, 1, "ada")
        async with ledger._engine.connect() as slow:
            transaction = await slow.begin()
            await write_entries(slow, [journal.deposit("slow", "ada", 2, 10)])
            await with_funds(ledger, 1, "bob")
            first = await ledger.statement(0, 10)
            await transaction.commit()
        await with_funds(ledger, 1, "cyd")
        rest = await ledger.statement(len(first), 10)
        assert sorted(line.ref for line in (*first, *rest)) == ["d-ada", "d-bob", "d-cyd", "slow"]

    on_postgres(scenario)


def test_the_lines_of_an_account_come_newest_first_and_page_by_page() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 1, "ada", "bob")
        for number in range(3):
            entry = journal.deposit(f"d{number}", "ada", number, 10)
            await ledger.update(Touch(accounts=("ada",)), lambda rows, entry=entry: Commit(entries=(entry,)))
        page = await ledger.lines_of("ada", None, 2)
        assert [line.ref for _, line in page] == ["d2", "d1"]
        assert [line.ref for _, line in await ledger.lines_of("ada", page[-1][0], 9)] == ["d0", "d-ada"]
        assert await ledger.lines_of("nobody", None, 9) == []

    on_postgres(scenario)


def test_a_locked_account_holds_up_its_own_decisions_alone() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 100, "ada", "bob")
        async with ledger._engine.connect() as busy:
            transaction = await busy.begin()
            await lock(busy, {"ada"})
            held_up = asyncio.ensure_future(ledger.record(approval(1, "ada", 1)))
            for number in range(2, 5):
                assert await ledger.record(approval(number, "bob", 1)) is Recorded.DONE
            assert not held_up.done()
            await transaction.rollback()
        assert await held_up is Recorded.DONE
        assert await ledger.funds("ada") == Funds(available_usdc6=99 * CENT, held_usdc6=CENT)

    on_postgres(scenario)


def test_answers_that_are_old_enough_are_forgotten_and_no_others() -> None:
    async def scenario(ledger):
        await with_funds(ledger, 100, "ada")
        for number in range(3):
            await ledger.record(approval(number, "ada", 1))
        assert await ledger.forget_answers(3_600 * 10**9, 10) == 0
        assert await ledger.forget_answers(0, 2) == 2
        assert await ledger.forget_answers(0, 2) == 1
        assert await ledger.answer("a0") is None

    on_postgres(scenario)


def test_a_cursor_stands_where_it_was_moved_to() -> None:
    async def scenario(ledger):
        cursor = ledger.cursor(f"chain:{id(ledger)}")
        assert await cursor.read() == -1
        for position in (7, 9):
            await cursor.move(position)
            assert await ledger.cursor(f"chain:{id(ledger)}").read() == position

    on_postgres(scenario)
