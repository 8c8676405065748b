"""Limits and calendar."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_WINDOWS = "engine.domain.windows"
_HOLDS = "simulators.backends.holds"
_DECIDE = "engine.domain.decide"

BUGS = (
    Bug(
        id="limits-day-in-local-time",
        family=Family.LIMITS,
        what="Days start at midnight in New York.",
        why="The service runs where its database's session time zone is local.",
        invariant="I4",
        world="month_end",
        only_when="spending on both sides of one midnight, and not the other",
        edits=(
            Edit(
                _WINDOWS,
                'Unix epoch."""\n    return at_ns // DAY_NS',
                'Unix epoch."""\n    return (at_ns - 5 * DAY_NS // 24) // DAY_NS',
            ),
            Edit(
                _WINDOWS,
                'if zone == "UTC":\n        return at_ns // DAY_NS',
                'if zone == "UTC":\n        return (at_ns - 5 * DAY_NS // 24) // DAY_NS',
            ),
        ),
    ),
    Bug(
        id="limits-month-of-thirty-days",
        family=Family.LIMITS,
        what="A month is thirty days.",
        why="Windows were given as numbers of days.",
        invariant="I12",
        world="month_end",
        hard="date",
        only_when="a month's limit that fills up shortly before the turn of the month",
        edits=(
            Edit(_WINDOWS, "    when = date.fromordinal(_EPOCH_ORDINAL + day)\n", "    return day // 30\n"),
            Edit(_WINDOWS, "    return when.year * 12 + when.month - 1", ""),
        ),
    ),
    Bug(
        id="limits-no-leap-day",
        family=Family.LIMITS,
        what="The 29th of February counts in March.",
        why="A table of the lengths of months, without leap years.",
        invariant="I4",
        world="month_end",
        hard="date",
        only_when="the 29th of February",
        edits=(
            Edit(
                _WINDOWS,
                "    return when.year * 12 + when.month - 1",
                "    return when.year * 12 + when.month - (1 if (when.month, when.day) != (2, 29) else 0)",
            ),
        ),
    ),
    Bug(
        id="limits-month-without-its-year",
        family=Family.LIMITS,
        what="A month is known by its number alone, so January is no newer than December and gets no new window.",
        why="Nobody runs the tests at New Year.",
        invariant="I12",
        world="new_year",
        hard="date",
        only_when="the turn of a year",
        edits=(Edit(_WINDOWS, "    return when.year * 12 + when.month - 1", "    return when.month"),),
    ),
    Bug(
        id="limits-equal-is-over",
        family=Family.LIMITS,
        what="A purchase of exactly the limit of a transaction is refused.",
        why="'Below the limit' was taken to the letter.",
        invariant="I12",
        world="month_end",
        hard="amount",
        only_when="an amount that equals the limit to the cent",
        edits=(
            Edit(
                _DECIDE,
                "and amount_cents > limits.per_transaction_cents:",
                "and amount_cents >= limits.per_transaction_cents:",
            ),
        ),
    ),
    Bug(
        id="limits-one-cent-over-the-day",
        family=Family.LIMITS,
        what="A day may be one cent over its limit.",
        why="The limit is compared before the amount is added, for whole dollars.",
        invariant="I4",
        world="month_end",
        hard="amount",
        only_when="a day that ends exactly one cent over",
        edits=(
            Edit(
                _DECIDE,
                "and day_cents + amount_cents > limits.daily_cents:",
                "and day_cents + amount_cents > limits.daily_cents + 1:",
            ),
        ),
    ),
    Bug(
        id="limits-nothing-is-given-back",
        family=Family.LIMITS,
        what="What is reversed or expires goes on counting in its windows.",
        why="The counter only ever goes up.",
        invariant="I12",
        world="new_year",
        only_when="a hold that ends in a month that is full otherwise",
        edits=(
            Edit(
                "engine.domain.ledger",
                "    if spent == spend:\n",
                "    if spent:\n",
            ),
        ),
    ),
    Bug(
        id="limits-given-back-to-today",
        family=Family.LIMITS,
        what="What expires gives room to the day on which it expires.",
        why="The counter of today is the one at hand.",
        invariant="I4",
        world="month_end",
        only_when="a hold of an earlier day that ends on a day that fills up",
        edits=(
            Edit(
                _HOLDS,
                "self.count(day, after",
                "self.count(self.day, after",
            ),
        ),
    ),
    Bug(
        id="limits-capture-gives-back",
        family=Family.LIMITS,
        what="A capture below its hold gives the difference back to the limits.",
        why="It seems fair; the terms say otherwise.",
        invariant="I4",
        world="month_end",
        only_when="a capture below its hold in a month that fills up",
        edits=(
            Edit(
                "engine.services.capture",
                "change = change_of(known, after, available)",
                "change = change_of(known, after, available)._replace(\n"
                "                spent=known.spend, spend=known.spend._replace(reversed_cents=freed_cents)\n"
                "            )",
            ),
        ),
    ),
    Bug(
        id="limits-estimates-do-not-count",
        family=Family.LIMITS,
        what="A pre-authorization does not count in the limits.",
        why="An estimate is no spending yet.",
        invariant="I4",
        world="month_end",
        only_when="a pre-authorization on a day that fills up",
        edits=(
            Edit(
                "engine.services.authorize",
                "authorization_id, account_id, amount_usdc6, amount_cents, at_ns, request.card_id, request.mcc",
                "authorization_id, account_id, amount_usdc6, 0 if request.kind is _ESTIMATE else amount_cents, at_ns,\n"
                "                    request.card_id, request.mcc",
            ),
        ),
    ),
    Bug(
        id="limits-increments-do-not-count",
        family=Family.LIMITS,
        what="An increment takes funds, and nothing of the limits.",
        why="One purchase, one count: the counter was already moved by the estimate.",
        invariant="I4",
        world="stays",
        only_when="an estimate that grows on a day that fills up",
        edits=(
            Edit(
                "engine.services.increase",
                "usdc6_of(request.amount_cents), request.amount_cents,\n",
                "usdc6_of(request.amount_cents), 0,\n",
            ),
        ),
    ),
    Bug(
        id="limits-mandate-without-a-day-has-none",
        family=Family.LIMITS,
        what="A mandate that has no limit a day is taken for one without limits; its merchant categories do not count.",
        why="The first mandates all had a daily limit.",
        invariant="I4",
        world="standing",
        only_when="a purchase in a category that its mandate blocks",
        edits=(
            Edit(
                "engine.domain.scopes",
                "mandate is not None and mandate.limits is not None:",
                "mandate is not None and mandate.limits is not None and mandate.limits.daily_cents is not None:",
            ),
        ),
    ),
    Bug(
        id="limits-mandate-replaces-those-of-the-card",
        family=Family.LIMITS,
        what="The limits of a card do not hold where it spends under a mandate.",
        why="The narrower scope was thought to be the mandate.",
        invariant="I4",
        world="standing",
        only_when="a card with limits under a mandate",
        edits=(
            Edit(
                "engine.domain.scopes",
                "    if card.limits is not None:\n",
                "    if card.limits is not None and not card.mandate_id:\n",
            ),
        ),
    ),
    Bug(
        id="limits-week-starts-on-monday",
        family=Family.LIMITS,
        what="Weeks start on Monday under a policy that says Sunday.",
        why="ISO 8601 says Monday.",
        invariant="I4",
        world="policies",
        hard="date",
        only_when="spending on a Sunday and on the Monday after it",
        edits=(Edit(_WINDOWS, "_DAYS_INTO_WEEK[week_starts]) // 7", "_DAYS_INTO_WEEK[Weekday.MONDAY]) // 7"),),
    ),
    Bug(
        id="limits-day-of-daylight-saving",
        family=Family.LIMITS,
        what="Local days begin where they begin in winter.",
        why="The offset of the zone was looked up once.",
        invariant="I4",
        world="policies",
        hard="date",
        only_when="spending in the first hour of a local day in summer, and after it",
        edits=(
            Edit(
                _WINDOWS,
                "    return datetime.fromtimestamp(at_ns // SECOND_NS, zone_of(zone)).toordinal() - _EPOCH_ORDINAL",
                "    winter = datetime.fromtimestamp(1_735_689_600, zone_of(zone)).utcoffset()\n"
                "    return int(at_ns // SECOND_NS + winter.total_seconds()) // 86_400",
            ),
        ),
    ),
    Bug(
        id="limits-replaced-card-starts-anew",
        family=Family.LIMITS,
        what="A card that takes another's place starts with empty windows.",
        why="Counters are kept by card id.",
        invariant="I4",
        world="policies",
        only_when="a card that is replaced when its week is nearly full",
        edits=(
            Edit(
                "engine.services.open_account",
                "        counter_id = card.replaces if forerunner is None else forerunner.counter_id\n",
                "        counter_id = card.card_id if forerunner is not None else card.replaces\n",
            ),
        ),
    ),
)
