"""Admission: what is taken on is answered in time, whatever is offered, and what is refused is refused at once."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.http.admission import FLOOR, Admission

MOST, TARGET_S, STALL_S, BUDGET_S = 64, 0.2, 0.3, 0.5


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def admission(time: Time, most: int = MOST) -> Admission:
    return Admission(time, most=most, target_s=TARGET_S, stall_s=STALL_S)


@given(st.integers(1, 40), st.lists(st.tuples(st.sampled_from(["enter", "leave", "wait"]), st.integers(0, 60))))
def test_never_more_than_the_most_and_never_fewer_than_the_floor(most: int, steps: list[tuple[str, int]]) -> None:
    time = Time()
    door = admission(time, most)
    inside: list[int] = []
    for step, number in steps:
        if step == "wait":
            time.s += number / 100
        elif step == "enter":
            before, shed = door.in_flight, door.shed
            ticket = door.enter()
            if ticket is None:
                assert (door.in_flight, door.shed) == (before, shed + 1)
            else:
                inside.append(ticket)
        elif inside:
            door.leave(inside.pop(number % len(inside)))
        assert door.in_flight == len(inside) <= most
        assert min(FLOOR, most) <= door.limit <= most
    if not inside:
        assert door.enter() is not None


@given(st.lists(st.floats(0, 0.99 * TARGET_S), min_size=1, max_size=200))
def test_nothing_in_time_is_ever_refused_below_the_most(times_s: list[float]) -> None:
    """One after the other, or up to the most side by side, with every answer in time: nobody is turned away."""
    time = Time()
    door = admission(time)
    for took_s in times_s:
        tickets = [door.enter() for _ in range(MOST)]
        assert None not in tickets
        assert door.enter() is None
        time.s += took_s
        for ticket in tickets:
            door.leave(ticket)
    assert door.limit == MOST


def test_one_crowd_cuts_once() -> None:
    time = Time()
    door = admission(time)
    tickets = [door.enter() for _ in range(40)]
    time.s += TARGET_S + 0.1
    for ticket in tickets:
        time.s += 0.001
        door.leave(ticket)
    assert door.limit == 30


def test_after_a_crowd_the_limit_grows_back() -> None:
    time = Time()
    door = admission(time)
    for _ in range(12):
        tickets = [ticket for _ in range(MOST) if (ticket := door.enter()) is not None]
        time.s += TARGET_S + 0.1
        for ticket in tickets:
            door.leave(ticket)
    assert door.limit == FLOOR
    rounds = 0
    while door.limit < MOST:
        tickets = [ticket for _ in range(MOST) if (ticket := door.enter()) is not None]
        time.s += 0.01
        for ticket in tickets:
            door.leave(ticket)
        rounds += 1
    assert rounds < 150


def test_where_nothing_comes_back_only_a_probe_now_and_then_is_let_in() -> None:
    time = Time()
    door = admission(time)
    stuck = [door.enter() for _ in range(5)]
    time.s += STALL_S + 0.01
    let_in = 0
    for _ in range(100):
        time.s += 0.01
        ticket = door.enter()
        let_in += ticket is not None
    assert 10 <= let_in <= 16  # one each 75 ms of that second
    for ticket in stuck:
        door.leave(ticket)


def served(rate_per_s: float, capacity_per_s: float, seconds: float, workers: int) -> tuple[list[float], int]:
    """Times of what was answered, and how many were refused: ``workers`` in parallel behind one first-come queue."""
    time = Time()
    door = admission(time, 512)
    each_s = workers / capacity_per_s
    free = [0.0] * workers
    leaving: list[tuple[float, int, float]] = []
    took_s: list[float] = []
    refused = 0
    for number in range(int(rate_per_s * seconds)):
        at_s = number / rate_per_s
        while leaving and leaving[0][0] <= at_s:
            time.s, ticket, entered_s = heapq.heappop(leaving)
            door.leave(ticket)
            took_s.append(time.s - entered_s)
        time.s = at_s
        ticket = door.enter()
        if ticket is None:
            refused += 1
            continue
        done_s = max(heapq.heappop(free), at_s) + each_s
        heapq.heappush(free, done_s)
        heapq.heappush(leaving, (done_s, ticket, at_s))
    return took_s, refused


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("times", [1.5, 2, 5])
def test_beyond_capacity_what_is_answered_is_answered_in_time(times: float, workers: int) -> None:
    took_s, refused = served(times * 1_000, 1_000, 30, workers)
    steady = sorted(took_s[1_000:])  # the first second has to find out
    assert steady[int(0.999 * len(steady))] < BUDGET_S
    assert len(took_s) > 0.95 * 1_000 * 30  # and none of the capacity is lost
    assert refused > 0


def test_below_capacity_nobody_is_refused() -> None:
    took_s, refused = served(900, 1_000, 10, 1)
    assert refused == 0
    assert max(took_s) < TARGET_S
