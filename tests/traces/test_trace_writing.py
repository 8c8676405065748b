"""What is written is what is read again, to the nanosecond and the cent; nothing is ever half written."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.traces import MerchantRow, PurchasePlan, TraceError, read_trace, write_trace
from scenarios.traces import write as write_module
from scenarios.traces.format import END_NS, FIRST_NS, MAX_CENTS, category_of

ids = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=6).filter(lambda t: t == t.strip())
cents = st.integers(1, MAX_CENTS)
instants = st.one_of(
    st.integers(FIRST_NS, END_NS - 1),
    st.integers(FIRST_NS // 10**9, END_NS // 10**9 - 1).map(lambda second: second * 10**9),
)


@st.composite
def plans(draw) -> PurchasePlan:
    cardholders = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    tills = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    mccs = st.sampled_from(["5411", "5542", "0742", "3000", "5812"])
    merchants = [
        MerchantRow(till, mcc := draw(mccs), draw(st.one_of(ids, st.just(category_of(mcc))))) for till in tills
    ]
    row = st.tuples(
        instants,
        st.integers(0, len(cardholders) - 1),
        st.integers(0, len(tills) - 1),
        cents,
        st.one_of(st.just(-1), cents),
        st.integers(-1, 2),
    )
    columns = [np.array(column) for column in zip(*draw(st.lists(row, min_size=1, max_size=12)), strict=True)]
    at_ns, cardholder, merchant, amount, authorized, network = columns
    return PurchasePlan.of(at_ns, cardholder, merchant, amount, cardholders, merchants, authorized, network)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150, deadline=None
)
@given(plans(), st.sampled_from(["plan.csv", "plan.parquet"]))
def test_what_is_written_is_what_is_read(tmp_path, plan, name):
    path = tmp_path / name
    write_trace(plan, path)
    again = read_trace(path)
    assert again == plan.compact()
    if name.endswith(".csv"):
        first = path.read_bytes()
        write_trace(again, path)
        assert path.read_bytes() == first


@pytest.fixture
def plan() -> PurchasePlan:
    at_ns = np.array([1_501_509_909_000_000_000, 1_501_509_910_000_000_000])
    return PurchasePlan.of(at_ns, [0, 0], [0, 0], [5, 6], ["ann"], [MerchantRow("till-a", "5411", "grocery")])


def test_a_csv_says_no_more_than_it_must(plan, tmp_path):
    write_trace(plan, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "at,cardholder,merchant,mcc,category,amount_cents\n"
        "2017-07-31T14:05:09Z,ann,till-a,5411,grocery,5\n"
        "2017-07-31T14:05:10Z,ann,till-a,5411,grocery,6\n"
    )


def test_rows_beyond_one_batch_are_all_written(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(write_module, "_BATCH", 1)
    write_trace(plan, tmp_path / "a.csv")
    assert read_trace(tmp_path / "a.csv") == plan


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_failed_write_leaves_the_old_file_and_no_other(plan, tmp_path, name, monkeypatch):
    write_trace(plan.head(1), tmp_path / name)
    before = (tmp_path / name).read_bytes()

    def no_space_left(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_module.os, "fsync", no_space_left)
    with pytest.raises(OSError, match="No space left"):
        write_trace(plan, tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_trace_cannot_hold_is_refused_before_anything_is_written(plan, tmp_path):
    for bad, says in [
        (plan.head(0), "there are no purchases"),
        (plan.starting_at(0), "from 1990-01-01"),
        (plan.starting_at(END_NS - 1), "to 2199-12-31"),
    ]:
        with pytest.raises(TraceError, match=says):
            write_trace(bad, tmp_path / "a.csv")
    for cardholder, till, says in [
        (" ann", MerchantRow("a", "5411", "grocery"), "the id has a space"),
        ("ann", MerchantRow("", "5411", "grocery"), "the id is empty"),
        ("ann", MerchantRow("a", "5410", "grocery"), "the mcc is not a merchant category code"),
        ("ann", MerchantRow("a", "5411", ""), "the category is empty"),
    ]:
        with pytest.raises(TraceError, match=says):
            write_trace(dataclasses.replace(plan, cardholders=(cardholder,), merchants=(till,)), tmp_path / "a.csv")
    twins = PurchasePlan.of(plan.at_ns, [0, 1], [0, 0], [5, 6], ["ann", "ann"], plan.merchants)
    with pytest.raises(TraceError, match="two entries have the same id"):
        write_trace(twins, tmp_path / "a.csv")
    with pytest.raises(TraceError, match=r"must end in .csv or .parquet"):
        write_trace(plan, tmp_path / "a.json")
    with pytest.raises(TraceError, match=r"the folder .* does not exist"):
        write_trace(plan, tmp_path / "nowhere" / "a.csv")
    assert list(tmp_path.iterdir()) == []
