"""Windows turn where the calendar of the zone turns: at the first nanosecond, not one before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.policies import PRESETS, Cause, Restores, Weekday, WindowPolicy, preset
from engine.domain.windows import windows_at

HOUR_NS = 3_600 * 10**9
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def utc_ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9


TURNS = [
    # The zone, the first instant of a window in UTC (known from almanacs, not from code), the day on which weeks start,
    # and which of day, week, month and year turn there.
    ("UTC", utc_ns(2017, 3, 7), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2017, 3, 6), Weekday.MONDAY, "day week"),
    ("UTC", utc_ns(2017, 3, 5), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2017, 3, 5), Weekday.SUNDAY, "day week"),
    ("UTC", utc_ns(2017, 3, 6), Weekday.SUNDAY, "day"),
    ("UTC", utc_ns(2017, 3, 7, 12), Weekday.MONDAY, ""),
    ("UTC", utc_ns(2016, 2, 29), Weekday.SUNDAY, "day"),
    ("UTC", utc_ns(2016, 3, 1), Weekday.MONDAY, "day month"),
    ("UTC", utc_ns(2017, 3, 1), Weekday.MONDAY, "day month"),
    ("UTC", utc_ns(2017, 2, 28), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2000, 2, 29), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2100, 3, 1), Weekday.MONDAY, "day week month"),
    ("UTC", utc_ns(2017, 4, 30), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2017, 5, 1), Weekday.SUNDAY, "day month"),
    ("UTC", utc_ns(2017, 7, 31), Weekday.SUNDAY, "day"),
    ("UTC", utc_ns(2017, 8, 1), Weekday.MONDAY, "day month"),
    ("UTC", utc_ns(2017, 12, 31), Weekday.MONDAY, "day"),
    ("UTC", utc_ns(2018, 1, 1), Weekday.SUNDAY, "day month year"),
    ("UTC", utc_ns(2018, 1, 1), Weekday.MONDAY, "day week month year"),
    ("UTC", utc_ns(1970, 1, 1), Weekday.MONDAY, "day month year"),
    (NEW_YORK, utc_ns(2017, 3, 12, 5), Weekday.SUNDAY, "day week"),  # the day of spring begins in winter time,
    (NEW_YORK, utc_ns(2017, 3, 12, 7), Weekday.SUNDAY, ""),  # loses its hour,
    (NEW_YORK, utc_ns(2017, 3, 13, 4), Weekday.SUNDAY, "day"),  # and is over 23 hours after its beginning
    (NEW_YORK, utc_ns(2017, 3, 13, 5), Weekday.SUNDAY, ""),
    (NEW_YORK, utc_ns(2017, 11, 5, 4), Weekday.SUNDAY, "day week"),
    (NEW_YORK, utc_ns(2017, 11, 5, 6), Weekday.SUNDAY, ""),
    (NEW_YORK, utc_ns(2017, 11, 6, 4), Weekday.SUNDAY, ""),
    (NEW_YORK, utc_ns(2017, 11, 6, 5), Weekday.SUNDAY, "day"),
    (NEW_YORK, utc_ns(2017, 12, 31, 5), Weekday.MONDAY, "day"),
    (NEW_YORK, utc_ns(2018, 1, 1, 0), Weekday.MONDAY, ""),
    (NEW_YORK, utc_ns(2018, 1, 1, 5), Weekday.MONDAY, "day week month year"),
    (BERLIN, utc_ns(2017, 3, 25, 23), Weekday.SUNDAY, "day week"),
    (BERLIN, utc_ns(2017, 3, 26, 22), Weekday.SUNDAY, "day"),
    (BERLIN, utc_ns(2017, 3, 26, 23), Weekday.SUNDAY, ""),
    (BERLIN, utc_ns(2017, 10, 28, 22), Weekday.SUNDAY, "day week"),
    (BERLIN, utc_ns(2017, 10, 29, 22), Weekday.SUNDAY, ""),
    (BERLIN, utc_ns(2017, 10, 29, 23), Weekday.SUNDAY, "day"),
    (BERLIN, utc_ns(2016, 2, 28, 23), Weekday.SUNDAY, "day"),
    (BERLIN, utc_ns(2016, 2, 29, 23), Weekday.SUNDAY, "day month"),
]


@pytest.mark.parametrize(("zone", "at_ns", "week_starts", "turning"), TURNS)
def test_windows_turn_at_the_first_nanosecond_and_at_no_other(zone, at_ns, week_starts, turning) -> None:
    policy = WindowPolicy(zone=zone, week_starts=week_starts)
    last, first, second = (windows_at(at_ns + step, policy) for step in (-1, 0, 1))
    turned = {name for name, a, b in zip(first._fields, last, first, strict=True) if a != b}
    assert turned == set(turning.split())
    assert all(b == a + 1 for a, b in zip(last, first, strict=True) if a != b)
    assert second == first


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, date(2017, 3, 11), 24),
        (NEW_YORK, date(2017, 3, 12), 23),
        (NEW_YORK, date(2017, 11, 5), 25),
        (BERLIN, date(2017, 3, 26), 23),
        (BERLIN, date(2017, 10, 29), 25),
        ("UTC", date(2017, 3, 12), 24),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_show(zone, day, hours) -> None:
    policy, number = WindowPolicy(zone=zone), (day - date(1970, 1, 1)).days
    noon = utc_ns(day.year, day.month, day.day, 12)
    counted = [windows_at(noon + step * HOUR_NS, policy).day == number for step in range(-48, 48)]
    assert sum(counted) == hours


ZONES = st.sampled_from(["UTC", NEW_YORK, BERLIN, "Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo"])


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 30)),
    st.integers(0, 10**9 - 1),
    ZONES,
    st.sampled_from(Weekday),
)
def test_windows_agree_with_a_calendar_on_the_wall(when, nanoseconds, zone, week_starts) -> None:
    instant = when.replace(microsecond=0, tzinfo=UTC)
    wall = instant.astimezone(ZoneInfo(zone)).date()
    into_week = (wall.weekday() - list(Weekday).index(week_starts)) % 7
    first_of_week = wall - timedelta(days=into_week)
    at_ns = int(instant.timestamp()) * 10**9 + nanoseconds
    windows = windows_at(at_ns, WindowPolicy(zone=zone, week_starts=week_starts))
    assert windows.day == (wall - date(1970, 1, 1)).days
    assert (windows.year, windows.month) == (wall.year, wall.year * 12 + wall.month - 1)
    for day in range(-8, 9):
        other = at_ns + day * 24 * HOUR_NS
        wall_then = (instant + timedelta(days=day)).astimezone(ZoneInfo(zone)).date()
        same = first_of_week <= wall_then < first_of_week + timedelta(days=7)
        assert (windows_at(other, WindowPolicy(zone=zone, week_starts=week_starts)).week == windows.week) is same


def test_the_presets_are_those_of_the_platforms() -> None:
    default, stripe, lithic, velocity, marqeta = (
        PRESETS[name] for name in ("default", "stripe", "lithic", "lithic-velocity", "marqeta")
    )
    assert set(PRESETS) == {"default", "stripe", "lithic", "lithic-velocity", "marqeta"}
    assert [policy.zone for policy in PRESETS.values()] == ["UTC", "UTC", "UTC", NEW_YORK, "UTC"]
    assert (default.week_starts, stripe.week_starts, marqeta.week_starts) == ("monday", "sunday", "sunday")
    day_ns = 24 * HOUR_NS
    assert (lithic.rolling_day_ns, lithic.rolling_month_ns, lithic.rolling_year_ns) == (
        day_ns,
        30 * day_ns,
        365 * day_ns,
    )
    assert all(policy.rolling_day_ns is None for policy in (default, stripe, velocity, marqeta))
    for policy in PRESETS.values():
        assert policy.restores(Cause.REVERSAL) is policy.restores(Cause.EXPIRY) is Restores.WINDOWS
        assert policy.restores(Cause.UNDONE) is Restores.WINDOWS
    refunds = [policy.refunds for policy in (default, stripe, lithic, marqeta)]
    assert refunds == [Restores.NOTHING, Restores.NOTHING, Restores.LIFETIME, Restores.WINDOWS]
    assert [name for name, policy in PRESETS.items() if policy.forced_count] == ["lithic-velocity"]
    assert [name for name, policy in PRESETS.items() if policy.zero_is_no_limit] == ["lithic"]
    assert [name for name, policy in PRESETS.items() if policy.follows_replacement] == ["default", "stripe"]


@pytest.mark.parametrize(
    ("wrong", "right"), [("stripes", "stripe"), ("Lithic_velocity", "lithic-velocity"), ("marketa", "marqeta")]
)
def test_an_unknown_preset_is_named_with_the_nearest_right_one(wrong, right) -> None:
    with pytest.raises(ValueError, match=f"did you mean {right}"):
        preset(wrong)


def test_an_unknown_zone_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(ValueError, match="did you mean Europe/Berlin"):
        windows_at(0, WindowPolicy(zone="Europe/Belrin"))
