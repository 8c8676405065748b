"""What the answers add up to, held against what the service says afterwards. Pure: no clock, no network."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from engine.domain.money import usdc6_of
from engine.interface import AuthorizationResponse, Balance

SOON_S = 0.5
"""An answer within this time counts as given in time."""
WINDOW_S = 1.0
GOOD_SHARE = 0.99


class Attempt(NamedTuple):
    """One request on its way and back, by the seconds of one clock: an answer, or else the ``trouble`` there was."""

    key: str
    sent_s: float
    ended_s: float
    answer: AuthorizationResponse | None
    trouble: str = ""


class Swipe(NamedTuple):
    """A swipe by its end: ``approved_cents`` by its last answer, 0 if declined, None if nobody knows; ``reversed``: it
    was taken back afterwards, and that was answered."""

    key: str
    account_id: str
    approved_cents: int | None
    reversed: bool = False


class Recovery(NamedTuple):
    """``first_s``: from the fault's end to the first answer to what was sent after it; ``steady_s``: until a second of
    requests began of which 99 % were answered within half a second. None: never."""

    first_s: float | None
    steady_s: float | None


class Burned(NamedTuple):
    """Of one account, in millionths: what was captured, what the statement says was settled, what left the chain."""

    captured_usdc6: int
    settled_usdc6: int
    gone_usdc6: int


def two_answers(attempts: Iterable[Attempt]) -> list[str]:
    """A finding for each key that was answered in two ways."""
    first: dict[str, AuthorizationResponse] = {}
    return [
        f"{attempt.key} was answered in two ways: {first[attempt.key]} and {attempt.answer}"
        for attempt in attempts
        if attempt.answer is not None and first.setdefault(attempt.key, attempt.answer) != attempt.answer
    ]


def out_of_step(swipes: Iterable[Swipe], funds_usdc6: Mapping[str, int], said: Mapping[str, Balance]) -> list[str]:
    """A finding for each account whose balance is not what its answered swipes leave of its funds, to the last unit."""
    held: defaultdict[str, int] = defaultdict(int)
    unknown: set[str] = set()
    for swipe in swipes:
        if swipe.approved_cents is None and not swipe.reversed:
            unknown.add(swipe.account_id)
        elif not swipe.reversed:
            held[swipe.account_id] += usdc6_of(swipe.approved_cents or 0)
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


def burned_wrong(accounts: Mapping[str, Burned]) -> list[str]:
    """A finding for each account of which more or less was burned than captured."""
    return [
        f"{account_id}: captured {of.captured_usdc6}, settled {of.settled_usdc6}, burned on chain {of.gone_usdc6}"
        for account_id, of in accounts.items()
        if not of.captured_usdc6 == of.settled_usdc6 == of.gone_usdc6
    ]


def recovery(attempts: Sequence[Attempt], fault_ended_s: float) -> Recovery:
    """How long after a fault the service answered again, and was steady again."""
    after = sorted((one for one in attempts if one.sent_s >= fault_ended_s), key=lambda one: one.sent_s)
    answered = [one.ended_s for one in after if one.answer is not None]
    first_s = min(answered) - fault_ended_s if answered else None
    sent = [one.sent_s for one in after]
    good = [0, *accumulate(one.answer is not None and one.ended_s - one.sent_s <= SOON_S for one in after)]
    for place, start_s in enumerate(sent):
        end = bisect_left(sent, start_s + WINDOW_S)
        if end == len(sent):
            break  # not a whole second yet
        if good[end] - good[place] >= GOOD_SHARE * (end - place):
            return Recovery(first_s, start_s - fault_ended_s)
    return Recovery(first_s, None)
