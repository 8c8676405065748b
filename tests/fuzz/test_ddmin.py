"""Delta debugging: what is left still fails, and nothing of it can go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scenarios.fuzz.ddmin import minimized


@given(needed=st.sets(st.integers(0, 60), max_size=8), more=st.sets(st.integers(0, 60), max_size=50))
def test_exactly_what_is_needed_is_left(needed: set[int], more: set[int]) -> None:
    items = sorted(needed | more)
    assert minimized(items, lambda kept: needed <= set(kept)) == tuple(sorted(needed))


@given(items=st.lists(st.integers(1, 9), min_size=1, max_size=30), share=st.floats(0.05, 1))
def test_no_single_one_can_go_from_what_is_left(items: list[int], share: float) -> None:
    """A rule under which many different parts fail."""
    least = max(1, int(sum(items) * share))

    def still(kept: tuple[int, ...]) -> bool:
        return sum(kept) >= least

    kept = minimized(items, still)
    assert still(kept)
    assert not any(still(kept[:index] + kept[index + 1 :]) for index in range(len(kept)))


def test_it_is_asked_about_few_parts() -> None:
    asked = []

    def still(kept: tuple[int, ...]) -> bool:
        asked.append(kept)
        return 700 in kept

    assert minimized(range(1_000), still) == (700,)
    assert len(asked) < 40


def test_nothing_is_left_where_nothing_is_needed() -> None:
    assert minimized((1, 2, 3), lambda kept: True) == ()
    assert minimized((), lambda kept: True) == ()
