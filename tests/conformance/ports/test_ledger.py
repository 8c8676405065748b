"""Every Ledger: commits are whole, keys answer once, balances follow the postings, settlements are formed once."""

from __future__ import annotations

import pytest
from harness import LEDGERS, open_accounts

from engine.domain import credits
from engine.domain import ledger as journal
from engine.domain.accounts import Account, AccountStatus, Funds
from engine.domain.authorization import Authorization, Status
from engine.domain.disputes import Dispute, DisputeState
from engine.domain.ledger import Answer, Commit, HoldChange, OpenHold, Posted, Queued, Recorded, Touch
from engine.domain.limits import Spend


@pytest.fixture(params=sorted(LEDGERS))
def make(request):
    return LEDGERS[request.param]


def approval(ref: str, usdc6: int, key: str = "", expires_at_ns: int = 99) -> Commit:
    row = Authorization(ref, "ada", "visa", usdc6 // 10_000, usdc6 // 10_000, 0, Status.OPEN, 1, expires_at_ns)
    answer = Answer(key or ref, b"body", f"answer to {ref}")
    return Commit((journal.hold(ref, "ada", 1, usdc6),), (row,), (answer,), account_id="ada", view=1)


async def with_funds(make, kernel, usdc6: int):
    ledger = make(kernel)
    await open_accounts(ledger, "ada", "bob")
    await ledger.update(Touch(accounts=("ada",)), lambda rows: Commit((journal.deposit("d", "ada", 1, usdc6),)))
    return ledger


def test_a_recorded_approval_holds_funds_and_keeps_its_answer(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        assert await ledger.record(approval("a", 20_000)) is Recorded.DONE
        assert await ledger.funds("ada") == Funds(available_usdc6=30_000, held_usdc6=20_000)
        assert (await ledger.answer("a")).response == "answer to a"
        assert await ledger.answer("b") is None

    make.run(scenario)


@pytest.mark.parametrize(
    ("commit", "refusal"),
    [
        (approval("b", 10_000, key="a"), Recorded.ANSWERED),
        (approval("a", 10_000, key="b"), Recorded.EXISTS),
        (approval("b", 30_001), Recorded.SHORT),
    ],
)
def test_a_refused_record_commits_nothing(make, commit, refusal) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        await ledger.record(approval("a", 20_000))
        assert await ledger.record(commit) is refusal
        assert await ledger.funds("ada") == Funds(available_usdc6=30_000, held_usdc6=20_000)
        assert (await ledger.answer("a")).response == "answer to a"
        assert await ledger.answer("b") is None

    make.run(scenario)


async def deposited(ledger, ref: str, usdc6: int) -> Commit:
    change = HoldChange("ada", available_usdc6=usdc6)
    commit = Commit((journal.deposit(ref, "ada", 1, usdc6),), ref=ref, changes=(change,))
    return await ledger.update(Touch(accounts=("ada",)), lambda rows: commit)


@pytest.mark.parametrize(("epoch", "outcome"), [(1, Recorded.STALE), (2, Recorded.DONE), (3, Recorded.STALE)])
@pytest.mark.parametrize("approved", [True, False])
def test_what_was_placed_under_another_epoch_is_not_recorded(make, epoch, outcome, approved) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        for expected in (1, 2):
            assert (await ledger.reload("ada", 0)).epoch == expected
        commit = approval("a", 20_000)._replace(epoch=epoch)
        if not approved:
            commit = commit._replace(entries=(), authorizations=())
        assert await ledger.record(commit) is outcome
        assert (await ledger.answer("a") is not None) is (outcome is Recorded.DONE)

    make.run(scenario)


@pytest.mark.parametrize(("view", "outcome"), [(1, Recorded.OUTDATED), (2, Recorded.DONE), (3, Recorded.OUTDATED)])
def test_what_was_decided_on_another_view_of_the_card_is_not_recorded(make, view, outcome) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        await open_accounts(ledger, "ada")
        assert (await ledger.card("card-ada")).view == 2
        assert await ledger.card("nobody's") is None
        assert await ledger.record(approval("a", 20_000)._replace(view=view)) is outcome

    make.run(scenario)


def test_a_snapshot_has_captures_without_an_authorization_from_the_instant_asked_for(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        forced = [Spend(f"p{at_ns}", "card-ada", "", at_ns, 7, forced=True) for at_ns in (9, 1)]
        for spend in forced:
            await ledger.update(Touch(), lambda rows, spend=spend: Commit(forced=(("ada", spend),)))
        assert (await ledger.reload("ada", 1)).spends == (forced[1], forced[0])
        assert (await ledger.reload("ada", 2)).spends == (forced[0],)
        await open_accounts(ledger, "bob")
        assert (await ledger.reload("bob", 0)).spends == ()

    make.run(scenario)


def test_a_snapshot_has_the_funds_the_open_holds_and_what_counts(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        for ref, at_ns in (("a", 1), ("b", 2), ("c", 3)):
            row = Authorization(ref, "ada", "visa", 1, 1, 0, Status.OPEN, at_ns, 99, "card-ada", "5411")
            await ledger.record(approval(ref, 10_000)._replace(authorizations=(row,)))
            gone = row.reversed()
        entry = journal.release("c", "ada", 5, 10_000)
        await ledger.update(Touch(authorizations=("c",)), lambda rows: Commit((entry,), (gone,)))
        snapshot = await ledger.reload("ada", 2)
        assert snapshot[:3] == ("ada", 1, 30_000)
        assert set(snapshot.holds) == {OpenHold("a", "ada", 10_000), OpenHold("b", "ada", 10_000)}
        assert snapshot.spends == (Spend("b", "card-ada", "5411", 2, 1), Spend("c", "card-ada", "5411", 3, 1, 1))
        assert [s.authorization_id for s in (await ledger.reload("ada", 0)).spends] == ["a", "b", "c"]
        assert await ledger.reload("nobody", 0) is None
        wrong = [OpenHold("a", "ada", 9_999), OpenHold("c", "ada", 1), OpenHold("never", "ada", 1)]
        assert list(await ledger.unheld([*wrong, *snapshot.holds])) == wrong

    make.run(scenario)


def test_changes_are_pending_with_their_epoch_until_they_are_followed(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        assert (await deposited(ledger, "d1", 1)).changes == (), "no hold store was ever given this account"
        await ledger.reload("ada", 0)
        changes = (HoldChange("ada", available_usdc6=2, epoch=1),)
        assert (await deposited(ledger, "d2", 2)).changes == changes
        assert list(await ledger.unfollowed(9)) == [("d2", changes)]
        rows = (await ledger.update(Touch(keys=("d2",)), lambda rows: Commit(result=rows))).result
        assert rows.pending == {"d2": changes}
        await ledger.followed(["d2"], ["ada"])
        assert list(await ledger.unfollowed(9)) == []
        assert (await ledger.reload("ada", 0)).epoch == 3, "outdating began an epoch of its own"

    make.run(scenario)


@pytest.mark.parametrize(
    ("usdc6", "outcome"), [(49_999, Recorded.DONE), (50_000, Recorded.DONE), (50_001, Recorded.SHORT)]
)
def test_the_truth_covers_a_hold_to_the_last_unit(make, usdc6, outcome) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        assert await ledger.record(approval("a", usdc6)) is outcome

    make.run(scenario)


def test_a_transition_sees_every_row_that_it_touches_and_nothing_that_does_not_exist(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        await ledger.record(approval("a", 20_000))
        touch = Touch(
            ("a", "none"), ("bob", "nobody"), ("card-ada", "no card"), ("d",), ("a", "no key"), ("no settlement",)
        )
        rows = (await ledger.update(touch, lambda rows: Commit(result=rows))).result
        assert set(rows.authorizations) == {"a"}
        assert set(rows.funds) == {"ada", "bob"}
        assert set(rows.cards) == {"card-ada"}
        assert set(rows.answers) == {"a"}
        assert (rows.posted, rows.settlements) == (frozenset(), {})

    make.run(scenario)


def test_a_transition_that_raises_changes_nothing(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)

        def broken(rows):
            raise LookupError("the rule was broken")

        with pytest.raises(LookupError):
            await ledger.update(Touch(accounts=("ada",)), broken)
        assert await ledger.funds("ada") == Funds(available_usdc6=50_000)

    make.run(scenario)


@pytest.mark.parametrize(("now_ns", "due"), [(98, []), (99, ["a"]), (100, ["a"])])
def test_a_hold_is_due_at_the_instant_of_its_end(make, now_ns, due) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        await ledger.record(approval("a", 10_000, expires_at_ns=99))
        await ledger.record(approval("b", 10_000, expires_at_ns=200))
        assert list(await ledger.due(now_ns, 10)) == due
        assert list(await ledger.due(now_ns, 10)) == due, "asking ends nothing"

    make.run(scenario)


def test_queued_captures_are_netted_into_settlements_of_bounded_size_exactly_once(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        queued = (Queued("p1", "ada", 5), Queued("p2", "bob", 7), Queued("p3", "ada", 11))
        await ledger.update(Touch(), lambda rows: Commit(queued=queued))
        first = await ledger.form_settlement(1, max_users=1)
        second = await ledger.form_settlement(1, max_users=1)
        assert first.amounts_usdc6 == (("ada", 16),)
        assert second.amounts_usdc6 == (("bob", 7),)
        assert await ledger.form_settlement(1, max_users=1) is None
        assert list(await ledger.open_settlements()) == [first, second]
        touch = Touch(settlements=(first.settlement_id,))
        closed = await ledger.update(touch, lambda rows: Commit(closed=tuple(rows.settlements)))
        assert closed.closed == (first.settlement_id,)
        assert list(await ledger.open_settlements()) == [second]

    make.run(scenario)


def test_the_statement_tells_every_posting_once_in_order_page_by_page(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        entry = journal.capture(
            "p", "ada", "visa", 2, amount_cents=3, from_hold_usdc6=0, freed_usdc6=0, from_available_usdc6=20_000
        )
        await ledger.update(Touch(accounts=("ada",)), lambda rows: Commit((entry,)))
        pages = [await ledger.statement(cursor, 2) for cursor in (0, 2, 4)]
        lines = [(line.kind, line.ref, line.amount_usdc6) for page in pages for line in page]
        assert lines == [("deposit", "d", 50_000), ("capture", "p", 30_000), ("receivable", "p", 10_000)]

    make.run(scenario)


@pytest.mark.parametrize(("name", "sold", "returned"), [("a", 70_000, 30_000), ("", 30_000, 0), ("other", 30_000, 0)])
def test_a_sale_leads_to_what_was_sold_and_given_back_under_its_authorization(make, name, sold, returned) -> None:
    """Of 7 cents sold for "a", 1 was refunded, and 2 of the other sale are disputed; bob's are his own."""

    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)

        def sale(ref: str, of: str, cents: int, account_id: str = "ada"):
            return journal.capture(
                ref, account_id, "visa", 2, amount_cents=cents, from_hold_usdc6=0, freed_usdc6=0,
                from_available_usdc6=0, authorization_id=of,
            )  # fmt: skip

        def back(account_id: str):
            return credits.refund(
                f"r-{account_id}", account_id, "visa", 2, amount_cents=1, recovered_usdc6=0, authorization_id="a"
            )

        entries = (sale("p", name, 3), sale("q", "a", 4), *back("ada"), sale("b", "a", 9, "bob"), *back("bob"))
        disputes = tuple(Dispute(ref, f"d-{ref}", "ada", "visa", 2, DisputeState.SUBMITTED) for ref in ("p", "q"))
        commit = Commit(entries, posted=("p", "q", "b"), disputes=disputes)
        await ledger.update(Touch(accounts=("ada", "bob")), lambda rows: commit)
        rows = (await ledger.update(Touch(disputed=("p",)), lambda rows: Commit(result=rows))).result
        assert rows.presentments == {"p": Posted("ada", 30_000, sold, returned)}

    make.run(scenario)


def test_an_account_that_was_asked_for_tells_its_address(make) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        rows = (await ledger.update(Touch(accounts=("ada", "nobody")), lambda rows: Commit(result=rows))).result
        assert rows.addresses == {"ada": "0xada"}

    make.run(scenario)


def test_an_address_that_was_asked_for_tells_whose_it_is_in_small_or_capital_letters_and_the_empty_one_is_nobodys(
    make,
) -> None:
    async def scenario(kernel):
        ledger = await with_funds(make, kernel, 50_000)
        for name in ("cyd", "dan"):
            nowhere = Commit(accounts=(Account(name, "", AccountStatus.ACTIVE, 1),))
            await ledger.update(Touch(accounts=(name,)), lambda rows, nowhere=nowhere: nowhere)
        asked = Touch(addresses=("0xADA", "0xbob", "0xnobody", ""))
        rows = (await ledger.update(asked, lambda rows: Commit(result=rows))).result
        assert rows.owners == {"0xada": "ada", "0xbob": "bob"}
        assert rows.funds == {}

    make.run(scenario)
