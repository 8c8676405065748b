"""The three legs of the reconciliation: what each side holds per key, and where they differ.

A leg only states differences and gathers the evidence around them; whether a difference is explained is decided in
:mod:`reports.explanations`. Amounts are millionths of a USDC. Columns are read one by one, and what only a break needs
is read when there is one: a million presentments must not be in memory with all that is known of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from engine.interface import CaptureOutcome, StatementKind
from reports.breaks import Breaks, joined
from reports.counts import total
from reports.frames import Events, Rows
from reports.keys import keys_of
from reports.settlement import statement
from reports.words import USDC6_PER_CENT


@dataclass(frozen=True, slots=True)
class Leg:
    """``breaks`` has :data:`reports.breaks.BREAK_COLUMNS` and the leg's evidence, one row a difference."""

    name: str
    matched: int
    breaks: pd.DataFrame
    expected_usdc6: int
    actual_usdc6: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one side holds per key: how many rows, and their total."""

    count: np.ndarray
    total: np.ndarray

    @property
    def present(self) -> np.ndarray:
        return self.count > 0


def side(keys: np.ndarray, n: int, amounts: np.ndarray) -> Side:
    sums = np.zeros(n, np.int64)
    np.add.at(sums, keys, amounts)
    return Side(np.bincount(keys, minlength=n).astype(np.int32), sums)


def first(n: int, missing: int, *columns: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The value of each key's first row, over ``(keys, values)`` of one table after the other."""
    found = np.full(n, missing, np.result_type(*(values for _, values in columns)))
    for keys, values in reversed(columns):
        found[keys[::-1]] = values[::-1]
    return found


def first_seen(n: int, tables: Sequence[tuple[np.ndarray, Rows]], keys: np.ndarray) -> np.ndarray:
    """When the first row of each of these keys happened (ns)."""
    return first(n, 0, *((of_rows, rows.ints("at_ns")) for of_rows, rows in tables))[keys]


def marked(keys: np.ndarray, n: int) -> np.ndarray:
    found = np.zeros(n, bool)
    found[keys] = True
    return found


def network_ledger(events: Events) -> Leg:
    """Every presentment sent, against the ledger's line of the same id, and against what the engine answered.

    What is presented back, a refund, is negative on either side.
    """
    sent, told = events.of("present"), events.of("capture", "refund")
    held = statement(events, StatementKind.CAPTURE) + statement(events, StatementKind.REFUND)
    keys, owners = keys_of("ref", sent, told, held), keys_of("account", told, held)
    (sent_key, told_key, held_key), n = keys.codes, len(keys)
    presented = marked(sent_key, n) | marked(told_key, n)
    ledger = side(held_key, n, held.ints("amount_usdc6") * np.where(held.are("result", StatementKind.REFUND), -1, 1))
    expected = first(n, 0, (sent_key, sent.ints("amount_cents")), (told_key, told.ints("amount_cents")))
    expected *= USDC6_PER_CENT
    was_posted, answered = _answered(told, told_key, n)
    was_unknown = marked(told_key[told.are("result", CaptureOutcome.UNKNOWN_CARD)], n) & ~was_posted
    known_owner, booked_on = (
        first(n, -1, (of_rows, by)) for of_rows, by in zip((told_key, held_key), owners.codes, strict=True)
    )
    named = (known_owner >= 0) & (known_owner != owners.empty)

    twice = ledger.count > 1
    unsent = ledger.present & ~presented & ~twice
    lost = presented & ~ledger.present
    both = presented & (ledger.count == 1)
    differs = both & (ledger.total != expected)
    answer_differs = both & ~differs & ((was_posted & (answered != ledger.total)) | was_unknown)
    astray = both & ~differs & ~answer_differs & named & (known_owner != booked_on)
    table = Breaks()
    table.add("duplicate_in_ledger", twice, expected, ledger.total)
    table.add("missing_in_network", unsent, expected, ledger.total)
    table.add("missing_in_ledger", lost, expected, ledger.total)
    table.add("amount_differs", differs, expected, ledger.total)
    table.add("answer_differs", answer_differs, ledger.total, answered)
    table.add("wrong_account", astray, expected, ledger.total)
    matched = int((both & ~differs & ~answer_differs & ~astray).sum())
    sums = total(expected[presented]), total(ledger.total)
    del ledger, expected, answered, presented, lost, both, differs, answer_differs, astray
    breaks = table.frame(
        ref=keys.names,
        account=lambda at: owners.names(np.where(named, known_owner, booked_on)[at]),
        booked_on=lambda at: owners.names(booked_on[at]),
        at_ns=partial(first_seen, n, ((held_key, held), (sent_key, sent), (told_key, told))),
        answered=lambda at: marked(told_key, n)[at],
        unknown_card=lambda at: was_unknown[at],
    )
    breaks["card_known"] = _card_known(events, breaks)
    return Leg("network_ledger", matched, breaks, *sums)


def _answered(told: Rows, told_key: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Which keys were answered as posted, and with which amount."""
    posted = told.are("result", CaptureOutcome.POSTED)
    if posted.all():
        return marked(told_key, n), first(n, 0, (told_key, told.ints("amount_usdc6")))
    return marked(told_key[posted], n), first(n, 0, (told_key[posted], told.ints("amount_usdc6")[posted]))


def _card_known(events: Events, breaks: pd.DataFrame) -> np.ndarray:
    """For presentments answered ``unknown_card``: had the engine approved a swipe of that very account before?"""
    known = np.zeros(len(breaks), bool)
    asked = breaks.index[breaks["unknown_card"].astype(bool)]
    if not len(asked):
        return known
    accounts = keys_of("account", events.of("authorize", "authorize.late").saying("result", "approved"))
    approved = set(accounts.names(np.arange(len(accounts)))) - {""}
    known[asked] = breaks.loc[asked, "account"].isin(approved)
    return known


def ledger_chain(events: Events, recent_from_ns: int) -> Leg:
    """Every settlement in the ledger, per user, against the burn on chain; every captured unit against a settlement.

    A settlement of nothing, whose burn found nothing, agrees.

    ``recent_from_ns``: captures since then may still be waiting; how much that is goes into the evidence.
    """
    held = statement(events, StatementKind.SETTLEMENT)
    burned, short = events.of("chain.settlement"), events.of("chain.shortfall")
    settlements, owners = (keys_of(column, held, burned, short) for column in ("ref", "account"))
    pairs = [
        of_rows.astype(np.int64) * len(owners) + who
        for of_rows, who in zip(settlements.codes, owners.codes, strict=True)
    ]
    distinct, key = np.unique(np.concatenate(pairs), return_inverse=True)
    held_key, burned_key, short_key = np.split(key, [len(held), len(held) + len(burned)])
    n = len(distinct)
    ledger = side(held_key, n, held.ints("amount_usdc6"))
    chain = side(burned_key, n, burned.ints("amount_usdc6"))
    missing = side(short_key, n, short.ints("amount_usdc6"))

    burned_twice = chain.count > 1
    booked_twice = (ledger.count > 1) & ~burned_twice
    nothing = (ledger.count == 1) & (ledger.total == 0) & missing.present & ~chain.present
    unburned = (ledger.count == 1) & ~chain.present & ~nothing
    unbooked = (chain.count == 1) & ~ledger.present
    both = (ledger.count == 1) & (chain.count == 1)
    differs = both & (ledger.total != chain.total)
    table = Breaks()
    table.add("burned_twice", burned_twice, ledger.total, chain.total)
    table.add("settled_twice_in_ledger", booked_twice, chain.total, ledger.total)
    table.add("missing_on_chain", unburned, ledger.total, chain.total)
    table.add("missing_in_ledger", unbooked, chain.total, ledger.total)
    table.add("amount_differs", differs, ledger.total, chain.total)
    breaks = table.frame(
        ref=lambda at: settlements.names(distinct[at] // len(owners)),
        account=lambda at: owners.names(distinct[at] % len(owners)),
        booked_on=lambda at: owners.names(distinct[at] % len(owners)),
        at_ns=partial(first_seen, n, ((held_key, held), (burned_key, burned))),
        shortfall=lambda at: missing.total[at],
        recent=lambda at: np.zeros(len(at), np.int64),
    )
    unsettled = _unsettled(events, held, recent_from_ns)
    breaks = joined([part for part in (breaks, unsettled) if len(part)], ("shortfall", "recent"))
    matched = int(((both & ~differs) | nothing).sum())
    return Leg("ledger_chain", matched, breaks, total(ledger.total), total(chain.total))


def _unsettled(events: Events, settled: Rows, recent_from_ns: int) -> pd.DataFrame:
    """Accounts whose settlements are not what was to be burned: captures, less receivables, plus recoveries; less what
    was credited, plus what was taken back of that.

    A credit that comes after its sale was burned waits for later captures: so much more may be settled.
    """
    spent = joined_rows(events, StatementKind.CAPTURE, StatementKind.RECOVERY, StatementKind.DISPUTE_RETURN)
    owed = statement(events, StatementKind.RECEIVABLE)
    back = joined_rows(events, StatementKind.REFUND, StatementKind.DISPUTE_CREDIT)
    owners = keys_of("account", spent, owed, back, settled)
    n = len(owners)
    to_burn, not_covered, credited, paid = (
        side(of_rows, n, rows.ints("amount_usdc6")).total
        for of_rows, rows in zip(owners.codes, (spent, owed, back, settled), strict=True)
    )
    by = owners.codes[0]
    expected = to_burn - not_covered - credited
    table = Breaks()
    table.add("not_settled", paid < expected, expected, paid)
    table.add("settled_too_much", paid > expected + credited, expected, paid)
    return table.frame(
        ref=owners.names,
        account=owners.names,
        booked_on=owners.names,
        at_ns=lambda at: _latest(by, spent.ints("at_ns"), n)[at],
        shortfall=lambda at: np.zeros(len(at), np.int64),
        recent=lambda at: _since(recent_from_ns, by, spent, n)[at],
    )


def joined_rows(events: Events, *kinds: StatementKind) -> Rows:
    """The ledger's lines of all these kinds."""
    first_kind, *others = (statement(events, kind) for kind in kinds)
    return sum(others, first_kind)


def _latest(keys: np.ndarray, at_ns: np.ndarray, n: int) -> np.ndarray:
    latest = np.zeros(n, np.int64)
    np.maximum.at(latest, keys, at_ns)
    return latest


def _since(from_ns: int, keys: np.ndarray, rows: Rows, n: int) -> np.ndarray:
    """What the rows from this instant on amount to, per key."""
    late = rows.ints("at_ns") >= from_ns
    return side(keys[late], n, rows.ints("amount_usdc6")[late]).total


def funding_ledger(events: Events) -> Leg:
    """Every deposit and every completed withdrawal on chain against the ledger's line of the same id."""
    arrived, paid_out = events.of("chain.deposit"), events.of("chain.withdrawal").saying("result", "completed")
    legs = [
        _funding("deposit", arrived, statement(events, StatementKind.DEPOSIT), events.of("deposit")),
        _funding("withdrawal", paid_out, statement(events, StatementKind.WITHDRAWAL), events.of("withdraw")),
    ]
    breaks = joined([leg.breaks for leg in legs if len(leg.breaks)], ("notified",))
    expected, actual = sum(leg.expected_usdc6 for leg in legs), sum(leg.actual_usdc6 for leg in legs)
    return Leg("funding_ledger", sum(leg.matched for leg in legs), breaks, expected, actual)


def _funding(what: str, on_chain: Rows, held: Rows, notices: Rows) -> Leg:
    keys, owners = keys_of("ref", on_chain, held, notices), keys_of("account", on_chain, held)
    (chain_key, held_key, notice_key), n = keys.codes, len(keys)
    chain = side(chain_key, n, on_chain.ints("amount_usdc6"))
    ledger = side(held_key, n, held.ints("amount_usdc6"))
    whose, booked_on = (
        first(n, -1, (of_rows, by)) for of_rows, by in zip((chain_key, held_key), owners.codes, strict=True)
    )
    twice = ledger.count > 1
    both = chain.present & (ledger.count == 1)
    differs = both & (chain.total != ledger.total)
    astray = both & ~differs & (whose != booked_on)
    table = Breaks()
    table.add(f"{what}_twice_in_ledger", twice, chain.total, ledger.total)
    table.add(f"{what}_missing_on_chain", ~chain.present & (ledger.count == 1), chain.total, ledger.total)
    table.add(f"{what}_missing_in_ledger", chain.present & ~ledger.present, chain.total, ledger.total)
    table.add(f"{what}_amount_differs", differs, chain.total, ledger.total)
    table.add(f"{what}_wrong_account", astray, chain.total, ledger.total)
    breaks = table.frame(
        ref=keys.names,
        account=lambda at: owners.names(np.where(chain.present, whose, booked_on)[at]),
        booked_on=lambda at: owners.names(booked_on[at]),
        at_ns=partial(first_seen, n, ((chain_key, on_chain), (held_key, held))),
        notified=lambda at: marked(notice_key, n)[at],
    )
    return Leg(what, int((both & ~differs & ~astray).sum()), breaks, total(chain.total), total(ledger.total))
