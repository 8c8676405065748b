"""Nonces are handed out in one place: gaps are filled, what is stuck is replaced, nothing waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.evm.fees import Fees, offer, raised
from engine.adapters.evm.nonces import Counts, Nonces, Place, Sent
from engine.ports import PortUnavailable

FEES = Fees(100, 10)
STUCK = 3


def nonces(*sent: tuple[str, int, int]) -> Nonces:
    made = Nonces(STUCK)
    for settlement_id, nonce, block in sent:
        made.note(Sent(settlement_id, nonce, FEES, block))
    return made


@pytest.mark.parametrize(
    ("sent", "counts", "block", "base_fee_wei", "place"),
    [
        pytest.param([], Counts(7, 7), 10, 50, Place(7), id="the first after a restart follows what the node counts"),
        pytest.param([], Counts(7, 9), 10, 50, Place(9), id="and what waits there"),
        pytest.param(
            [("b", 7, 10)], Counts(7, 7), 10, 50, Place(8), id="what the node does not tell of yet is counted"
        ),
        pytest.param([("a", 7, 10)], Counts(7, 8), 12, 50, None, id="what waits is left alone"),
        pytest.param([("a", 7, 10)], Counts(7, 8), 13, 50, Place(7, FEES), id="until it is stuck"),
        pytest.param([("a", 7, 10)], Counts(7, 8), 10, 101, Place(7, FEES), id="or offers less than the base fee"),
        pytest.param([("a", 7, 10)], Counts(7, 7), 11, 50, Place(7), id="what the node lost goes under its own nonce"),
        pytest.param([("a", 8, 10)], Counts(7, 7), 11, 50, Place(7), id="a gap before it is filled"),
        pytest.param([("a", 7, 10)], Counts(8, 8), 11, 50, Place(8), id="what is used up is forgotten"),
        pytest.param([("b", 7, 1)], Counts(7, 7), 10, 50, Place(7), id="what was lost long ago leaves its nonce"),
        pytest.param(
            [("b", 7, 1), ("a", 8, 5)], Counts(7, 9), 10, 50, Place(7, FEES), id="what holds it up is replaced"
        ),
        pytest.param(
            [("b", 7, 9), ("a", 8, 5)], Counts(7, 9), 10, 50, Place(8, FEES), id="unless it was only just raised"
        ),
    ],
)
def test_where_a_settlement_goes(sent, counts, block, base_fee_wei, place) -> None:
    assert nonces(*sent).place("a", counts, block, base_fee_wei) == place


def test_what_nobody_remembers_is_replaced_once_it_has_been_next_for_long() -> None:
    made = nonces()
    assert made.place("a", Counts(5, 6), 10, 50) == Place(6)
    assert made.place("a", Counts(5, 6), 10 + STUCK, 50) == Place(5)


def test_what_nobody_remembers_is_left_alone_while_the_chain_takes_such() -> None:
    made = nonces()
    for nonce in range(5, 20):
        assert made.place("a", Counts(nonce, nonce + 1), 10 + nonce * (STUCK - 1), 50) == Place(nonce + 1)


@given(
    st.lists(
        st.sampled_from(["send a", "send b", "send c", "mine", "lose all", "another sends", "restart"]), max_size=40
    )
)
def test_whatever_happens_everything_is_sent_in_the_end_and_no_nonce_is_skipped_for_good(events) -> None:
    """A mempool that takes any replacement; each of its transactions carries a settlement, or somebody else's."""
    made, pool, used, block, settled = nonces(), {}, 0, 0, set()

    def pending() -> int:
        nonce = used
        while nonce in pool:
            nonce += 1
        return nonce

    def happens(event: str) -> None:
        nonlocal made, used, block
        verb, _, what = event.partition(" ")
        if verb == "send" and what not in settled:
            place = made.place(what, Counts(used, pending()), block, 50)
            if place is not None:
                pool[place.nonce] = what
                made.note(Sent(what, place.nonce, FEES, block))
        elif event == "mine":
            block += 1
            while used in pool:
                settled.add(pool.pop(used))
                used += 1
        elif event == "lose all":
            pool.clear()
        elif event == "another sends":
            pool[pending()] = "another"
        elif event == "restart":
            made = Nonces(STUCK)

    for event in events:
        happens(event)
    for _ in range(4):
        for event in ("send a", "send b", "send c", *["mine"] * (STUCK + 1)):
            happens(event)
    assert settled >= {"a", "b", "c"}


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_replacement_offers_at_least_an_eighth_more_of_both(max_wei, tip_wei) -> None:
    before = Fees(max_wei, tip_wei)
    after = raised(before, FEES, 10**15)
    assert after.max_wei * 8 >= max_wei * 9
    assert after.tip_wei * 8 >= tip_wei * 9
    assert after.at_least(FEES) == after


def test_nothing_is_offered_above_the_cap() -> None:
    assert offer(100, 10, 10**9) == Fees(210, 10)
    assert offer(100, 10, 150) == Fees(150, 10)
    with pytest.raises(PortUnavailable, match="base fee of 150"):
        offer(150, 10, 150)
    with pytest.raises(PortUnavailable, match="above the cap"):
        raised(Fees(150, 10), FEES, 160)
