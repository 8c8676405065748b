"""What is available pays what is owed: to the millionth, once, and balanced, whatever the entries of a commit are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import ledger as journal
from engine.domain.accounts import Funds
from engine.domain.debts import payable_usdc6, with_debts_paid
from engine.domain.ledger import Commit, EntryKind, Rows, unbalanced


def rows(funds: dict[str, Funds]) -> Rows:
    return Rows({}, funds, {}, frozenset(), *({} for _ in range(9)))


@pytest.mark.parametrize(
    "available,owed,paid",
    [(-1, 5, 0), (0, 5, 0), (1, 5, 1), (4, 5, 4), (5, 5, 5), (6, 5, 5), (6, 0, 0), (-6, 0, 0)],
)
def test_what_is_available_pays_at_most_what_is_owed(available: int, owed: int, paid: int) -> None:
    assert payable_usdc6(available, owed) == paid


def test_where_nobody_owes_a_commit_stays_as_it_is() -> None:
    commit = Commit(entries=(journal.release("a", "ada", 0, 5),))
    assert with_debts_paid(commit, rows({"ada": Funds(held_usdc6=5)}), 0) is commit


STEPS = st.lists(
    st.tuples(st.sampled_from(["release", "hold", "missed"]), st.sampled_from(["ada", "bob"]), st.integers(1, 50)),
    max_size=8,
)
OWN = st.builds(lambda own, owed: Funds(min(own, 0) if owed else own, 100, 100, 0, owed), st.integers(-60, 60),
                st.sampled_from([0, 0, 1, 30, 200]))  # fmt: skip


@given(ada=OWN, bob=OWN, steps=STEPS)
def test_nothing_is_available_and_owed_after_any_step_and_nothing_is_made_or_lost(
    ada: Funds, bob: Funds, steps
) -> None:
    funds = {"ada": ada, "bob": bob}
    entries = tuple(
        journal.release(f"e{n}", who, 0, amount) if what == "release"
        else journal.hold(f"e{n}", who, 0, amount) if what == "hold"
        else journal.settlement(f"e{n}", who, 0, burned_usdc6=0, missing_usdc6=amount)
        for n, (what, who, amount) in enumerate(steps)
    )  # fmt: skip
    commit = with_debts_paid(Commit(entries=entries), rows(funds), 0)
    assert tuple(entry for entry in commit.entries if entry.kind is not EntryKind.RECOVERY) == entries
    recovered = [entry for entry in commit.entries if entry.kind is EntryKind.RECOVERY]
    assert [(q.ref, q.account_id, q.amount_usdc6) for q in commit.queued] == [
        (entry.ref, entry.account_id, entry.amount_usdc6) for entry in recovered
    ]
    assert [(c.account_id, -c.available_usdc6) for c in commit.changes] == [
        (entry.account_id, entry.amount_usdc6) for entry in recovered
    ]
    assert len({entry.ref for entry in recovered}) == len(recovered)
    assert not any(unbalanced(entry) for entry in commit.entries)
    for who, before in funds.items():
        available, owed = before.available_usdc6, before.receivable_usdc6
        for at, entry in enumerate(commit.entries):
            if entry.account_id != who:
                continue
            available += sum(posting.amount for posting in entry.postings if posting.book == "available")
            owed -= sum(posting.amount for posting in entry.postings if posting.book == "receivable")
            following = commit.entries[at + 1 : at + 2]
            if not following or following[0].kind is not EntryKind.RECOVERY:
                assert not available > 0 < owed
            assert owed >= 0
