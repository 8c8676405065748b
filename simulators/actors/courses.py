"""Courses: what becomes of each authorization besides being asked for and presented, drawn from the habits.

All draws of a row are its own, so that taking a row out leaves the others as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum, auto
from typing import NamedTuple

import numpy as np

from engine.interface import AuthorizationKind, DisputeState, Initiator, Presence
from simulators.habits import DAY_NS, HOUR_NS, ONE_OF, SECOND_NS, Habits

MINUTE_NS = 60 * SECOND_NS


class Act(StrEnum):
    """What a merchant tells of an open authorization."""

    INCREMENT = "increment"
    ADVISE = "advise"
    REVERSE_PART = "reverse_part"
    VOID = "void"


class Deed(NamedTuple):
    """``act`` so long after what went before; ``cents``: by how much, for an advice of how much in all."""

    after_ns: int
    act: Act
    cents: int = 0


class Refund(NamedTuple):
    """So much of a sale, so many per mille, is presented back that many days after it was posted."""

    per_mille: int
    days: int
    announced: bool
    matched: bool


class Contest(NamedTuple):
    """A dispute: each state so long after the one before, the first after the sale was posted."""

    states: tuple[DisputeState, ...]
    steps_ns: tuple[int, ...]
    per_mille: int = 1_000


@dataclass(frozen=True, slots=True)
class Course:
    """One life. ``asks_cents`` -1: the amount that the traffic says. ``days``: presented so many days after."""

    kind: AuthorizationKind = AuthorizationKind.PURCHASE
    asks_cents: int = -1
    partial: bool = False
    presence: Presence = Presence.PRESENT
    initiator: Initiator = Initiator.CARDHOLDER
    inquires: bool = False
    forced: bool = False
    deeds: tuple[Deed, ...] = ()
    drift_per_mille: int = 0
    """By how much more, or less, is presented."""
    days: int = 1
    refund: Refund | None = None
    contest: Contest | None = None
    stand_in_cents: int = -1
    """Should the answer not come in time, the network approves up to this and declines above; -1: it reverses."""

    @property
    def voided(self) -> bool:
        return any(deed.act is Act.VOID for deed in self.deeds)


PLAIN = Course()
ESTIMATE = Course(AuthorizationKind.PREAUTHORIZATION)


class _U(IntEnum):
    """Which number of a row decides what."""

    ONE_OF = 0
    AMOUNT = auto()
    WHEN = auto()
    COUNT = auto()
    PARTIAL = auto()
    PRESENCE = auto()
    INQUIRY = auto()
    AFTERMATH = auto()
    REFUND_PART = auto()
    REFUND_ANNOUNCED = auto()
    REFUND_MATCHED = auto()
    DAYS = auto()
    PATH = auto()
    OUTCOME = auto()
    PACE = auto()
    STAND_IN = auto()


class Courses:
    """The course of each row of the traffic."""

    def __init__(self, habits: Habits, rows: int, random: np.random.Generator) -> None:
        self._habits = habits
        self._numbers = random.random((rows, len(_U))) if habits.lively else None

    def of(self, row: int, mcc: str, asked_cents: int, presented_cents: int, estimate: bool) -> Course:
        """``presented_cents`` is all that will be; 0 where nothing is."""
        habits = self._habits
        if self._numbers is None:
            if mcc in habits.cash_mccs:
                return Course(AuthorizationKind.CASH_WITHDRAWAL)
            return ESTIMATE if estimate else PLAIN
        u = self._numbers[row].tolist()
        shape = self._shape(u, mcc, asked_cents, presented_cents, estimate)
        presence, initiator = self._presence(u, mcc)
        aftermath = {} if shape.get("forced") or not presented_cents else self._aftermath(u)
        return Course(
            **shape,
            **aftermath,
            presence=presence,
            initiator=initiator,
            partial=u[_U.PARTIAL] < habits.partial_share,
            inquires=u[_U.INQUIRY] < habits.inquiry_share,
            stand_in_cents=habits.stand_in_limit_cents if u[_U.STAND_IN] < habits.stand_in_share else -1,
        )

    def _shape(self, u: list[float], mcc: str, asked: int, presented: int, estimate: bool) -> dict[str, object]:
        """From the request to the presentment."""
        habits = self._habits
        if mcc in habits.cash_mccs:
            return {"kind": AuthorizationKind.CASH_WITHDRAWAL}
        if estimate:
            deeds = ()
            if presented and u[_U.ONE_OF] < habits.fuel_advice_share:
                deeds = (Deed(2 * MINUTE_NS + round(u[_U.WHEN] * 5 * MINUTE_NS), Act.ADVISE, presented),)
            return {"kind": AuthorizationKind.PREAUTHORIZATION, "deeds": deeds}
        if mcc in habits.stay_mccs and u[_U.ONE_OF] < habits.stay_share and presented > STAY_LEAST_CENTS:
            return _stay(u, presented)
        return self._plain(u, asked, presented)

    def _plain(self, u: list[float], asked: int, presented: int) -> dict[str, object]:
        """One thing at most."""
        habits, left = self._habits, u[_U.ONE_OF]
        for name in ONE_OF:
            share = getattr(habits, name)
            if left < share:
                break
            left -= share
        else:
            return {}
        wait_ns = MINUTE_NS + round(u[_U.WHEN] * 3 * HOUR_NS)
        if name == "force_share":
            return {"forced": True} if presented else {}
        if name == "void_share":
            return {"deeds": (Deed(wait_ns, Act.VOID),)}
        if name == "part_reversed_share":
            part = max(round(asked * (0.1 + 0.5 * u[_U.AMOUNT])), 1)
            return {"deeds": (Deed(wait_ns, Act.REVERSE_PART, part),)} if part < asked else {}
        if name == "late_share":
            return {"days": habits.late_days}
        return {"drift_per_mille": round(-333 + 666 * u[_U.AMOUNT])}

    def _presence(self, u: list[float], mcc: str) -> tuple[Presence, Initiator]:
        habits, left = self._habits, u[_U.PRESENCE]
        if mcc in habits.cash_mccs:
            return Presence.PRESENT, Initiator.CARDHOLDER
        if left < habits.subscription_share:
            return Presence.NOT_PRESENT, Initiator.MERCHANT
        if left < habits.subscription_share + habits.remote_share:
            return Presence.NOT_PRESENT, Initiator.CARDHOLDER
        return Presence.PRESENT, Initiator.CARDHOLDER

    def _aftermath(self, u: list[float]) -> dict[str, object]:
        """Once it is posted."""
        habits, left = self._habits, u[_U.AFTERMATH]
        if left < habits.dispute_share:
            return {"contest": self._contest(u)}
        if left - habits.dispute_share < habits.refund_share:
            in_part = u[_U.REFUND_PART] < habits.refund_part_share
            return {
                "refund": Refund(
                    per_mille=round(100 + 800 * u[_U.AMOUNT]) if in_part else 1_000,
                    days=1 + int(u[_U.DAYS] * 3),
                    announced=u[_U.REFUND_ANNOUNCED] < habits.refund_announced_share,
                    matched=u[_U.REFUND_MATCHED] >= habits.refund_unmatched_share,
                )
            }
        return {}

    def _contest(self, u: list[float]) -> Contest:
        won = u[_U.OUTCOME] < self._habits.dispute_won_share
        argued = _ARGUED[: int(u[_U.PATH] * (len(_ARGUED) + 1))]
        first = (DisputeState.NEW,) if u[_U.COUNT] < 0.5 else ()
        states = (*first, DisputeState.SUBMITTED, *argued, DisputeState.WON if won else DisputeState.LOST)
        step_ns = round(self._habits.dispute_step_ns * (0.5 + u[_U.PACE]))
        in_part = u[_U.REFUND_PART] < self._habits.refund_part_share
        return Contest(states, (step_ns,) * len(states), round(100 + 800 * u[_U.AMOUNT]) if in_part else 1_000)


_ARGUED = (DisputeState.REPRESENTMENT, DisputeState.PRE_ARBITRATION, DisputeState.ARBITRATION)
STAY_LEAST_CENTS = 100


def _stay(u: list[float], bill_cents: int) -> dict[str, object]:
    """A part of the bill at first, the rest night by night; now and then the estimate was too high."""
    nights = 1 + int(u[_U.COUNT] * 3)
    first = max(round(bill_cents * (0.4 + 0.3 * u[_U.AMOUNT])), 1)
    a_night = (bill_cents - first) // nights
    deeds = [Deed(DAY_NS, Act.INCREMENT, a_night) for _ in range(nights)] if a_night else []
    if u[_U.WHEN] < 0.3:
        deeds.append(Deed(HOUR_NS, Act.ADVISE, bill_cents))
    elif u[_U.WHEN] < 0.5 and a_night > 1:
        deeds.append(Deed(HOUR_NS, Act.REVERSE_PART, a_night // 2))
    return {"kind": AuthorizationKind.PREAUTHORIZATION, "asks_cents": first, "deeds": tuple(deeds)}
