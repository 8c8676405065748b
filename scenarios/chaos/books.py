"""What the answers add up to, held against what the service says afterwards. Pure: no clock, no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

USDC6_PER_CENT = 10_000
SOON_S = 0.5
"""An answer within this time counts as given in time."""
WINDOW_S = 1.0
GOOD_SHARE = 0.99


class Attempt(NamedTuple):
    """One request on its way and back: seconds of one clock. ``status`` 0: nothing came. ``body``: what was said."""

    key: str
    sent_s: float
    ended_s: float
    status: int
    body: str = ""


class Swipe(NamedTuple):
    """A swipe by its end: ``approved_cents`` by its last answer, 0 if declined, None if nobody knows; ``reversed``: it
    was taken back afterwards, and that was answered."""

    key: str
    account_id: str
    approved_cents: int | None
    reversed: bool = False


class Said(NamedTuple):
    """An account's balance as the service says it, in millionths of a USDC."""

    available_usdc6: int
    held_usdc6: int
    receivable_usdc6: int


class Recovery(NamedTuple):
    """``first_s``: from the fault's end to the first answer to what was sent after it; ``steady_s``: until a second of
    requests began of which 99 % were answered within half a second. None: never."""

    first_s: float | None
    steady_s: float | None


def two_answers(attempts: Iterable[Attempt]) -> list[str]:
    """A finding for each key that was answered in two ways."""
    first: dict[str, str] = {}
    return [
        f"{attempt.key} was answered in two ways: {first[attempt.key]} and {attempt.body}"
        for attempt in attempts
        if attempt.status == 200 and first.setdefault(attempt.key, attempt.body) != attempt.body
    ]


def out_of_step(swipes: Iterable[Swipe], funds_usdc6: Mapping[str, int], said: Mapping[str, Said]) -> list[str]:
    """A finding for each account whose balance is not what its answered swipes leave of its funds, to the last unit."""
    held: defaultdict[str, int] = defaultdict(int)
    unknown: set[str] = set()
    for swipe in swipes:
        if swipe.approved_cents is None and not swipe.reversed:
            unknown.add(swipe.account_id)
        elif not swipe.reversed:
            held[swipe.account_id] += (swipe.approved_cents or 0) * USDC6_PER_CENT
    found = [f"{account_id}: a swipe is still without an answer" for account_id in sorted(unknown)]
    for account_id, funds in funds_usdc6.items():
        there, expected = said[account_id], held[account_id]
        if account_id in unknown:
            continue
        if there.held_usdc6 < expected:
            found.append(f"{account_id}: approvals are lost: held is {there.held_usdc6}, answered were {expected}")
        elif there.held_usdc6 > expected:
            found.append(f"{account_id}: held is {there.held_usdc6}, only {expected} were answered")
        if there.available_usdc6 + there.held_usdc6 != funds:
            found.append(f"{account_id}: available and held are not its funds, {funds}: {there}")
        if there.available_usdc6 < 0 or there.receivable_usdc6:
            found.append(f"{account_id}: spent more than it had: {there}")
    return found


def recovery(attempts: Sequence[Attempt], fault_ended_s: float) -> Recovery:
    """How long after a fault the service answered again, and was steady again."""
    after = sorted((a for a in attempts if a.sent_s >= fault_ended_s), key=lambda attempt: attempt.sent_s)
    answered = [a.ended_s for a in after if a.status == 200]
    first_s = min(answered) - fault_ended_s if answered else None
    for place, start in enumerate(after):
        window = [a for a in after[place:] if a.sent_s < start.sent_s + WINDOW_S]
        if after[-1].sent_s < start.sent_s + WINDOW_S:
            break
        good = sum(a.status == 200 and a.ended_s - a.sent_s <= SOON_S for a in window)
        if good >= GOOD_SHARE * len(window):
            return Recovery(first_s, start.sent_s - fault_ended_s)
    return Recovery(first_s, None)


class Burned(NamedTuple):
    """Of one account, in millionths: what was captured, what the statement says was settled, what left the chain."""

    captured_usdc6: int
    settled_usdc6: int
    gone_usdc6: int


def burned_wrong(accounts: Mapping[str, Burned]) -> list[str]:
    """A finding for each account of which more or less was burned than captured."""
    return [
        f"{account_id}: captured {of.captured_usdc6}, settled {of.settled_usdc6}, burned on chain {of.gone_usdc6}"
        for account_id, of in accounts.items()
        if not of.captured_usdc6 == of.settled_usdc6 == of.gone_usdc6
    ]
