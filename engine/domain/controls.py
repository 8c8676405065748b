"""What limits somebody may set: such as make sense, and for a card never above those of its mandate."""

from __future__ import annotations

from engine.domain.terms import LimitTerms, Velocity
from engine.domain.zones import zone_of

DAY_SECONDS = 86_400
SHORTEST_VELOCITY_SECONDS, LONGEST_VELOCITY_SECONDS = 10, 31 * DAY_SECONDS

AMOUNTS = (
    "per_transaction_cents",
    "daily_cents",
    "weekly_cents",
    "monthly_cents",
    "yearly_cents",
    "lifetime_cents",
)
BOUNDS = (*AMOUNTS, "daily_count")


def problems(limits: LimitTerms) -> tuple[str, ...]:
    """Everything about these limits that makes no sense, one sentence each. A bound of 0 is the policy's to read."""
    found = [
        f"{name} is {bound}, below 0" for name in BOUNDS if (bound := getattr(limits, name)) is not None and bound < 0
    ]
    for velocity in limits.velocity:
        found += _of_velocity(velocity)
    policy = limits.policy
    for name in ("rolling_day_ns", "rolling_week_ns", "rolling_month_ns", "rolling_year_ns"):
        length_ns = getattr(policy, name)
        if length_ns is not None and length_ns <= 0:
            found.append(f"{name} is {length_ns}, but a window has a length")
    try:
        zone_of(policy.zone)
    except ValueError as error:
        found.append(str(error))
    return tuple(found)


def beyond(limits: LimitTerms, mandate: LimitTerms | None = None) -> tuple[str, ...]:
    """Why a customer may not set these limits, one sentence each: all are positive, none is above the mandate's.

    A bound that is not named is no breach: the mandate's own holds beside the card's.
    """
    found = list(problems(limits))
    for name in BOUNDS:
        bound, most = getattr(limits, name), getattr(mandate, name, None)
        if bound == 0:
            found.append(f"{name} is 0, but a limit is positive")
        elif bound is not None and most is not None and bound > most:
            found.append(f"{name} is {bound}, but the mandate allows {most}")
    if limits.allowed_mccs is not None and mandate is not None and mandate.allowed_mccs is not None:
        strange = sorted(limits.allowed_mccs - mandate.allowed_mccs)
        if strange:
            found.append(f"allowed_mccs has {', '.join(strange)}, which the mandate does not allow")
    return tuple(found)


def _of_velocity(velocity: Velocity) -> list[str]:
    found = []
    if not SHORTEST_VELOCITY_SECONDS <= velocity.seconds <= LONGEST_VELOCITY_SECONDS:
        found.append(f"a velocity window has 10 seconds to 31 days, not {velocity.seconds} seconds")
    if velocity.max_count is None and velocity.max_cents is None:
        found.append("a velocity bounds a count, an amount or both")
    found += [
        f"a velocity of {bound} is below 0" for bound in (velocity.max_count, velocity.max_cents) if (bound or 0) < 0
    ]
    return found
