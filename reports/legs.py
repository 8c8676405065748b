"""The three legs of the reconciliation: what each side holds per key, and where they differ.

A leg only states differences and gathers the evidence around them; whether a difference is explained is decided in
:mod:`reports.explanations`. Amounts are millionths of a USDC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.interface import CaptureOutcome, StatementKind
from reports.counts import total
from reports.frames import Events, encode, ints
from reports.settlement import statement
from reports.words import USDC6_PER_CENT

BREAK_COLUMNS = ("kind", "ref", "account", "booked_on", "expected", "actual", "at_ns")


@dataclass(frozen=True, slots=True)
class Leg:
    """``breaks`` has :data:`BREAK_COLUMNS` and the leg's evidence, one row a difference."""

    name: str
    matched: int
    breaks: pd.DataFrame
    expected_usdc6: int
    actual_usdc6: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one side holds per key: how many rows, their total, the first row's time and account (-1: none)."""

    count: np.ndarray
    total: np.ndarray
    at_ns: np.ndarray
    account: np.ndarray

    @property
    def present(self) -> np.ndarray:
        return self.count > 0


def side(keys: np.ndarray, n: int, amounts: np.ndarray, at_ns: np.ndarray, account: np.ndarray | None = None) -> Side:
    sums = np.zeros(n, np.int64)
    np.add.at(sums, keys, amounts)
    whose = np.full(n, -1, np.int64) if account is None else first(keys, n, account, -1)
    return Side(np.bincount(keys, minlength=n), sums, first(keys, n, at_ns, 0), whose)


def first(keys: np.ndarray, n: int, values: np.ndarray, missing: int) -> np.ndarray:
    """The value of each key's first row."""
    found = np.full(n, missing, np.int64)
    found[keys[::-1]] = values[::-1]
    return found


def network_ledger(events: Events) -> Leg:
    """Every presentment sent, against the ledger's capture of the same id, and against what the engine answered."""
    sent = events.arrow(["present"], ["at_ns", "ref", "amount_cents"])
    told = events.arrow(["capture"], ["at_ns", "ref", "account", "result", "amount_cents", "amount_usdc6"])
    held = statement(events, StatementKind.CAPTURE)
    (sent_key, told_key, held_key), refs = encode(sent["ref"], told["ref"], held["ref"])
    (told_by, held_by), accounts = encode(told["account"], held["account"])
    n = len(refs)
    cents = first(
        np.concatenate([sent_key, told_key]),
        n,
        np.concatenate([ints(sent["amount_cents"]), ints(told["amount_cents"])]),
        0,
    )
    sent_at = first(
        np.concatenate([sent_key, told_key]), n, np.concatenate([ints(sent["at_ns"]), ints(told["at_ns"])]), 0
    )
    presented = np.zeros(n, bool)
    presented[sent_key] = presented[told_key] = True
    expected = cents * USDC6_PER_CENT
    answers = pc.cast(told["result"], pa.string())
    posted = pc.equal(answers, CaptureOutcome.POSTED.value).to_numpy().astype(bool)
    unknown = pc.equal(answers, CaptureOutcome.UNKNOWN_CARD.value).to_numpy().astype(bool)
    was_posted, was_unknown, was_answered = (marked(told_key[mask], n) for mask in (posted, unknown, slice(None)))
    answered = first(told_key[posted], n, ints(told["amount_usdc6"])[posted], 0)
    ledger = side(held_key, n, ints(held["amount_usdc6"]), ints(held["at_ns"]), held_by)
    known_owner = first(told_key, n, told_by, -1)
    nobody = accounts.index(pa.scalar("")).as_py()

    twice = ledger.count > 1
    unsent = ledger.present & ~presented & ~twice
    lost = presented & ~ledger.present
    both = presented & (ledger.count == 1)
    differs = both & (ledger.total != expected)
    answer_differs = both & ~differs & ((was_posted & (answered != ledger.total)) | (was_unknown & ~was_posted))
    named = (known_owner >= 0) & (known_owner != nobody)
    astray = both & ~differs & ~answer_differs & named & (known_owner != ledger.account)
    evidence = {"answered": was_answered, "unknown_card": was_unknown & ~was_posted}
    owner = np.where(named, known_owner, ledger.account)
    at_ns = np.where(ledger.present, ledger.at_ns, sent_at)
    table = Breaks(refs, accounts, owner, ledger.account, at_ns, evidence)
    table.add("duplicate_in_ledger", twice, expected, ledger.total)
    table.add("missing_in_network", unsent, expected, ledger.total)
    table.add("missing_in_ledger", lost, expected, ledger.total)
    table.add("amount_differs", differs, expected, ledger.total)
    table.add("answer_differs", answer_differs, ledger.total, answered)
    table.add("wrong_account", astray, expected, ledger.total)
    breaks = table.frame()
    breaks["card_known"] = _card_known(events, breaks)
    matched = int((both & ~differs & ~answer_differs & ~astray).sum())
    return Leg("network_ledger", matched, breaks, total(expected[presented]), total(ledger.total))


def marked(keys: np.ndarray, n: int) -> np.ndarray:
    found = np.zeros(n, bool)
    found[keys] = True
    return found


def _card_known(events: Events, breaks: pd.DataFrame) -> np.ndarray:
    """For presentments answered ``unknown_card``: had the engine approved a swipe of that very account before?"""
    known = np.zeros(len(breaks), bool)
    asked = breaks.index[breaks["unknown_card"].astype(bool)]
    if not len(asked):
        return known
    swipes = events.of(["authorize", "authorize.late"], ["account", "result"])
    approved = set(swipes.loc[swipes["result"] == "approved", "account"].unique()) - {""}
    known[asked] = breaks.loc[asked, "account"].isin(approved)
    return known


class Breaks:
    """Collects the differences of one leg. ``owner`` and ``booked_on`` are account codes; -1 is none."""

    def __init__(
        self,
        refs: pa.Array,
        accounts: pa.Array,
        owner: np.ndarray,
        booked_on: np.ndarray,
        at_ns: np.ndarray,
        evidence: dict[str, np.ndarray],
    ) -> None:
        self._refs, self._names, self._at_ns, self._evidence = (
            refs,
            np.array([*accounts.to_pylist(), ""]),
            at_ns,
            evidence,
        )
        self._owner, self._booked_on = owner, booked_on
        self._parts: list[pd.DataFrame] = []

    def add(self, kind: str, where: np.ndarray, expected: np.ndarray, actual: np.ndarray) -> None:
        """One break of this kind for each key that is marked."""
        keys = np.flatnonzero(where)
        if not len(keys):
            return
        self._parts.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "ref": self._refs.take(pa.array(keys)).to_pylist(),
                    "account": self._names[self._owner[keys]],
                    "booked_on": self._names[self._booked_on[keys]],
                    "expected": expected[keys],
                    "actual": actual[keys],
                    "at_ns": self._at_ns[keys],
                    **{name: values[keys] for name, values in self._evidence.items()},
                }
            )
        )

    def frame(self) -> pd.DataFrame:
        return joined(self._parts, self._evidence)


def joined(parts: Sequence[pd.DataFrame], evidence: Sequence[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({name: [] for name in (*BREAK_COLUMNS, *evidence)})
    return pd.concat(parts, ignore_index=True)


def ledger_chain(events: Events, recent_from_ns: int) -> Leg:
    """Every settlement in the ledger, per user, against the burn on chain; every captured unit against a settlement.

    ``recent_from_ns``: captures since then may still be waiting; how much that is goes into the evidence.
    """
    held = statement(events, StatementKind.SETTLEMENT)
    burned = events.arrow(["chain.settlement"], ["at_ns", "ref", "account", "amount_usdc6"])
    short = events.arrow(["chain.shortfall"], ["at_ns", "ref", "account", "amount_usdc6"])
    (held_ref, burned_ref, short_ref), refs = encode(held["ref"], burned["ref"], short["ref"])
    (held_by, burned_by, short_by), accounts = encode(held["account"], burned["account"], short["account"])
    pairs = np.concatenate(
        [
            ref.astype(np.int64) * len(accounts) + who
            for ref, who in ((held_ref, held_by), (burned_ref, burned_by), (short_ref, short_by))
        ]
    )
    distinct, key = np.unique(pairs, return_inverse=True)
    held_key, burned_key, short_key = np.split(key, [len(held), len(held) + len(burned)])
    n = len(distinct)
    ledger = side(held_key, n, ints(held["amount_usdc6"]), ints(held["at_ns"]))
    chain = side(burned_key, n, ints(burned["amount_usdc6"]), ints(burned["at_ns"]))
    missing = side(short_key, n, ints(short["amount_usdc6"]), ints(short["at_ns"]))

    burned_twice = chain.count > 1
    booked_twice = (ledger.count > 1) & ~burned_twice
    unburned = (ledger.count == 1) & ~chain.present
    unbooked = (chain.count == 1) & ~ledger.present
    both = (ledger.count == 1) & (chain.count == 1)
    differs = both & (ledger.total != chain.total)
    whose = distinct % max(len(accounts), 1)
    settlements = refs.take(pa.array(distinct // max(len(accounts), 1)))
    at_ns = np.where(ledger.present, ledger.at_ns, chain.at_ns)
    table = Breaks(
        settlements, accounts, whose, whose, at_ns, {"shortfall": missing.total, "recent": np.zeros(n, np.int64)}
    )
    table.add("burned_twice", burned_twice, ledger.total, chain.total)
    table.add("settled_twice_in_ledger", booked_twice, chain.total, ledger.total)
    table.add("missing_on_chain", unburned, ledger.total, chain.total)
    table.add("missing_in_ledger", unbooked, chain.total, ledger.total)
    table.add("amount_differs", differs, ledger.total, chain.total)
    unsettled = _unsettled(events, held, recent_from_ns)
    breaks = joined([part for part in (table.frame(), unsettled) if len(part)], ("shortfall", "recent"))
    matched = int((both & ~differs).sum())
    return Leg("ledger_chain", matched, breaks, total(ledger.total), total(chain.total))


def _unsettled(events: Events, settled: pa.Table, recent_from_ns: int) -> pd.DataFrame:
    """Accounts whose settlements are not what was to be burned: captures, less receivables, plus recoveries."""
    captured = pa.concat_tables([statement(events, StatementKind.CAPTURE), statement(events, StatementKind.RECOVERY)])
    booked = statement(events, StatementKind.RECEIVABLE)
    (by, owed_by, paid_by), accounts = encode(captured["account"], booked["account"], settled["account"])
    n = len(accounts)
    at_ns = ints(captured["at_ns"])
    spent = side(by, n, ints(captured["amount_usdc6"]), at_ns)
    owed = side(owed_by, n, ints(booked["amount_usdc6"]), ints(booked["at_ns"]))
    paid = side(paid_by, n, ints(settled["amount_usdc6"]), ints(settled["at_ns"]))
    late = at_ns >= recent_from_ns
    recent = side(by[late], n, ints(captured["amount_usdc6"])[late], at_ns[late])
    latest = np.zeros(n, np.int64)
    np.maximum.at(latest, by, at_ns)
    expected = spent.total - owed.total
    table = Breaks(
        accounts, accounts, np.arange(n), np.arange(n), latest, {"shortfall": np.zeros(n, int), "recent": recent.total}
    )
    table.add("not_settled", paid.total < expected, expected, paid.total)
    table.add("settled_too_much", paid.total > expected, expected, paid.total)
    return table.frame()


def funding_ledger(events: Events) -> Leg:
    """Every deposit and every completed withdrawal on chain against the ledger's line of the same id."""
    completed = events.arrow(["chain.withdrawal"], ["at_ns", "ref", "account", "result", "amount_usdc6"])
    completed = completed.filter(pc.equal(pc.cast(completed["result"], pa.string()), "completed"))
    arrived = events.arrow(["chain.deposit"], ["at_ns", "ref", "account", "amount_usdc6"])
    legs = [
        _funding(events, "deposit", arrived, statement(events, StatementKind.DEPOSIT)),
        _funding(events, "withdrawal", completed, statement(events, StatementKind.WITHDRAWAL)),
    ]
    breaks = joined([leg.breaks for leg in legs if len(leg.breaks)], ("notified",))
    expected, actual = sum(leg.expected_usdc6 for leg in legs), sum(leg.actual_usdc6 for leg in legs)
    return Leg("funding_ledger", sum(leg.matched for leg in legs), breaks, expected, actual)


def _funding(events: Events, what: str, on_chain: pa.Table, held: pa.Table) -> Leg:
    notices = events.arrow(["deposit" if what == "deposit" else "withdraw"], ["ref"])
    (chain_key, held_key, notice_key), refs = encode(on_chain["ref"], held["ref"], notices["ref"])
    (chain_by, held_by), accounts = encode(on_chain["account"], held["account"])
    n = len(refs)
    chain = side(chain_key, n, ints(on_chain["amount_usdc6"]), ints(on_chain["at_ns"]), chain_by)
    ledger = side(held_key, n, ints(held["amount_usdc6"]), ints(held["at_ns"]), held_by)
    twice = ledger.count > 1
    both = chain.present & (ledger.count == 1)
    differs = both & (chain.total != ledger.total)
    astray = both & ~differs & (chain.account != ledger.account)
    owner = np.where(chain.present, chain.account, ledger.account)
    at_ns = np.where(chain.present, chain.at_ns, ledger.at_ns)
    table = Breaks(refs, accounts, owner, ledger.account, at_ns, {"notified": marked(notice_key, n)})
    table.add(f"{what}_twice_in_ledger", twice, chain.total, ledger.total)
    table.add(f"{what}_missing_on_chain", ~chain.present & (ledger.count == 1), chain.total, ledger.total)
    table.add(f"{what}_missing_in_ledger", chain.present & ~ledger.present, chain.total, ledger.total)
    table.add(f"{what}_amount_differs", differs, chain.total, ledger.total)
    table.add(f"{what}_wrong_account", astray, chain.total, ledger.total)
    return Leg(what, int((both & ~differs & ~astray).sum()), table.frame(), total(chain.total), total(ledger.total))
