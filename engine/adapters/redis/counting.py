"""Which figures of an image a spend moves, and which it is held against: all that needs a calendar is worked out here,
so that the scripts only compare and add.

An image counts in *watched* scopes, numbered: 0 is the account by the default policy, days and months alone, which is
all that most limits need; others join when somebody asks about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from engine.adapters.stored import dump, load
from engine.domain.counters import LATENESS_NS
from engine.domain.decide import is_plain
from engine.domain.decline import DeclineReason
from engine.domain.limits import NOTHING, Spend, category, too_large
from engine.domain.policies import DAY_NS, SECOND_NS
from engine.domain.scopes import ACCOUNT, Scope, Scopes, keys_of
from engine.domain.terms import LimitTerms, Velocity
from engine.domain.windows import windows_at
from engine.ports import Hold

RANKS = {reason: place for place, reason in enumerate(DeclineReason)}
_DAY, _WEEK, _MONTH, _YEAR = range(4)
_LIFETIME = "life"
Move = tuple[str, ...]
"""(field, amount), or (scope, instant, cents, count) for windows that roll."""


class Watched(NamedTuple):
    """A scope that an image counts in: its key, and limits without bounds, which say in what windows."""

    key: str
    limits: LimitTerms

    @property
    def aligned_s(self) -> tuple[int, ...]:
        """The velocity windows that begin at multiples of their length."""
        return tuple(v.seconds for v in self.limits.velocity) if self.limits.policy.velocity_aligned else ()

    @property
    def reach_ns(self) -> int:
        """The longest window that rolls; 0 if none does."""
        policy = self.limits.policy
        velocity = () if policy.velocity_aligned else [v.seconds * SECOND_NS for v in self.limits.velocity]
        return max(0, *(length_ns or 0 for length_ns in policy.rolling_ns), *velocity)


PLAIN = Watched(ACCOUNT, LimitTerms(None, None, None))


def windows_of(limits: LimitTerms) -> LimitTerms:
    """The limits without their bounds: those with equal windows are counted alike (``Counters.fits``)."""
    seconds = sorted({velocity.seconds for velocity in limits.velocity})
    return LimitTerms(None, None, None, velocity=tuple(Velocity(s) for s in seconds), policy=limits.policy)


def wanted_of(scopes: Scopes) -> dict[str, str]:
    """By key, as text, what has to be watched for these scopes; nothing for plain ones."""
    return {
        scope.key: json.dumps(dump(windows_of(scope.limits)), separators=(",", ":"))
        for scope in scopes
        if not (scope.key == ACCOUNT and is_plain(scope.limits))
    }


def known_text(wanted: dict[str, str]) -> str:
    """What an image watches, as it says itself: "" for the plain one alone."""
    return json.dumps(sorted(wanted.items()), separators=(",", ":")) if wanted else ""


@lru_cache(maxsize=4_096)
def watched_in(known: str) -> tuple[Watched, ...]:
    """The scopes in such a text, by number."""
    others = json.loads(known) if known else []
    return (PLAIN, *(Watched(key, load(json.loads(windows))) for key, windows in others))


def digits(at_ns: int) -> str:
    """An instant as the scripts compare it; "" for one before the epoch, which is before all others."""
    return f"{at_ns:019d}" if at_ns >= 0 else ""


def moves_of(known: str, before: Spend | None, after: Spend) -> list[Move]:
    """What changes where a spend counts as ``after``, and counted as ``before`` until now."""
    keys = keys_of(after)
    at_ns = after.counted_at_ns
    moves: list[Move] = []
    for number, watched in enumerate(watched_in(known)):
        if watched.key not in keys:
            continue
        policy = watched.limits.policy
        was = before.counted(policy) if before is not None else NOTHING
        now = after.counted(policy)
        cents, count = now.cents - was.cents, now.count - was.count
        for window in _calendar(watched, at_ns):
            if not number and not window.startswith((f"{_DAY}:", f"{_MONTH}:")):
                continue
            if cents:
                moves.append((f"{number}:{window}", str(cents)))
            if count and number:
                moves.append((f"{number}#{window}", str(count)))
        if number and now.lifetime_cents != was.lifetime_cents:
            moves.append((f"{number}:{_LIFETIME}", str(now.lifetime_cents - was.lifetime_cents)))
        if watched.reach_ns and (cents or count):
            moves.append((str(number), digits(at_ns), str(cents), str(count)))
    return moves


def _calendar(watched: Watched, at_ns: int) -> Iterator[str]:
    """The windows of an instant that do not roll, as in the names of fields: kind and number."""
    rolling_ns = watched.limits.policy.rolling_ns
    for kind, number in enumerate(windows_at(at_ns, watched.limits.policy)):
        if rolling_ns[kind] is None:
            yield f"{kind}:{number}"
    for seconds in watched.aligned_s:
        yield f"v{seconds}:{at_ns // (seconds * SECOND_NS)}"


def plan_of(known: str, hold: Hold, scopes: Scopes) -> str:
    """All that ``place.lua`` has to check and to move, as JSON."""
    if hold.extends is None and len(scopes) == 1 and not known and is_plain(scopes[0].limits):
        limits = scopes[0].limits
        bound = limits.per_transaction_cents
        over = bound is not None and hold.amount_cents > bound
        return _plain_plan(limits.daily_cents, limits.monthly_cents, hold.at_ns // DAY_NS, over, hold.at_ns)
    watched = watched_in(known)
    checks: list[list[Any]] = []
    ranks: list[int] = []
    unknown = False
    for scope in scopes:
        number = _number_of(scope, watched)
        if number is None:
            unknown = True
        else:
            _against(number, hold.spend, scope.limits, checks, ranks)
    plan = {"checks": checks, "moves": moves_of(known, hold.extends, hold.granted), **_forgetting(watched, hold.at_ns)}
    if ranks:
        plan["rank"] = min(ranks)
    if unknown:
        plan["unknown"] = True
    return json.dumps(plan, separators=(",", ":"))


@lru_cache(maxsize=256)
def _plain_frame(daily_cents: int | None, monthly_cents: int | None, day: int, over: bool) -> str:
    """The plan of a new hold under plain limits, all but its instants: most are of this kind, and alike for a day."""
    at_ns = day * DAY_NS
    today, _, month, _ = windows_at(at_ns, PLAIN.limits.policy)
    fields = {DeclineReason.DAILY_LIMIT: f"0:{_DAY}:{today}", DeclineReason.MONTHLY_LIMIT: f"0:{_MONTH}:{month}"}
    bounds = {DeclineReason.DAILY_LIMIT: daily_cents, DeclineReason.MONTHLY_LIMIT: monthly_cents}
    checks = [[RANKS[r], field, False, bounds[r]] for r, field in fields.items() if bounds[r] is not None]
    plan = {"checks": checks, "moves": [[field] for field in fields.values()]}
    plan["floors"] = _forgetting((PLAIN,), at_ns)["floors"]
    if over:
        plan["rank"] = RANKS[DeclineReason.TRANSACTION_LIMIT]
    return json.dumps(plan, separators=(",", ":"))[:-1]


def _plain_plan(daily_cents: int | None, monthly_cents: int | None, day: int, over: bool, at_ns: int) -> str:
    frame = _plain_frame(daily_cents, monthly_cents, day, over)
    yesterday, horizon = digits(at_ns - DAY_NS), digits(at_ns - LATENESS_NS)
    return f'{frame},"rolled":{{}},"yesterday":"{yesterday}","horizon":"{horizon}"}}'


def _forgetting(watched: Sequence[Watched], at_ns: int) -> dict[str, Any]:
    """What may be forgotten once decisions are at ``at_ns`` (``Counters``)."""
    horizon_ns = at_ns - LATENESS_NS
    floors: dict[str, int] = {}
    for number, one in enumerate(watched):
        for window in _calendar(one, horizon_ns - DAY_NS):
            kind, _, of_kind = window.partition(":")
            floors[f"{number}:{kind}"] = int(of_kind)
    rolled = {str(number): digits(horizon_ns - one.reach_ns) for number, one in enumerate(watched) if one.reach_ns}
    return {
        "floors": floors, "rolled": rolled, "yesterday": digits(at_ns - DAY_NS), "horizon": digits(horizon_ns)
    }  # fmt: skip


def _number_of(scope: Scope, watched: Sequence[Watched]) -> int | None:
    if scope.key == ACCOUNT and is_plain(scope.limits):
        return 0
    windows = windows_of(scope.limits)
    return next((n for n, one in enumerate(watched) if n and one.key == scope.key and one.limits == windows), None)


def _against(number: int, spend: Spend, limits: LimitTerms, checks: list[list[Any]], ranks: list[int]) -> None:
    """The checks of ``domain.limits.against``: those that need no figure are made here, the others written down."""
    policy, at_ns, cents = limits.policy, spend.counted_at_ns, spend.granted_cents
    numbers = windows_at(at_ns, policy)

    def at_most(reason: DeclineReason, limit: int | None, window: str | int, *, of_count: bool = False) -> None:
        """``window``: the name of one that does not roll, or the length of one that does, in nanoseconds."""
        if limit is None or (limit == 0 and policy.zero_is_no_limit):
            return
        added = 1 if of_count else cents
        if isinstance(window, str):
            checks.append([RANKS[reason], f"{number}{'#' if of_count else ':'}{window}", added, limit])
            return
        ends = digits(at_ns - window), digits(at_ns + window)
        which = "n" if of_count else "c"
        checks.append([RANKS[reason], str(number), added, limit, which, *divmod(window, SECOND_NS), *ends])

    def named(kind: int) -> str | int:
        length_ns = policy.rolling_ns[kind]
        return f"{kind}:{numbers[kind]}" if length_ns is None else length_ns

    if too_large(spend, limits):
        ranks.append(RANKS[DeclineReason.TRANSACTION_LIMIT])
    at_most(DeclineReason.DAILY_LIMIT, limits.daily_cents, named(_DAY))
    at_most(DeclineReason.WEEKLY_LIMIT, limits.weekly_cents, named(_WEEK))
    at_most(DeclineReason.MONTHLY_LIMIT, limits.monthly_cents, named(_MONTH))
    at_most(DeclineReason.YEARLY_LIMIT, limits.yearly_cents, named(_YEAR))
    at_most(DeclineReason.LIFETIME_LIMIT, limits.lifetime_cents, _LIFETIME)
    is_new = not spend.before_cents
    if is_new:
        at_most(DeclineReason.VELOCITY_LIMIT, limits.daily_count, named(_DAY), of_count=True)
    for bound in limits.velocity:
        length_ns = bound.seconds * SECOND_NS
        window = f"v{bound.seconds}:{at_ns // length_ns}" if policy.velocity_aligned else length_ns
        at_most(DeclineReason.VELOCITY_LIMIT, bound.max_cents, window)
        if is_new:
            at_most(DeclineReason.VELOCITY_LIMIT, bound.max_count, window, of_count=True)
    if (reason := category(spend.mcc, limits)) is not None:
        ranks.append(RANKS[reason])
