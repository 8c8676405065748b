"""Every bad row of a trace is named in one go: file, line or row, column, value, reason, nearest right thing."""

from __future__ import annotations

import datetime
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.traces import TraceError, read_trace
from scenarios.traces.plan import MerchantRow

HEADER = "at,cardholder,merchant,mcc,amount_cents"
GOOD = "2017-07-31T14:05:09Z,ann,till-a,5411,1250"


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "week.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def refusal(path) -> TraceError:
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    return caught.value


def read_or_refused(path) -> int:
    """How many purchases were read, or how many problems were named; any other exception fails the test."""
    try:
        return len(read_trace(path))
    except TraceError as error:
        return error.total


def only_problem(path):
    error = refusal(path)
    assert error.total == len(error.problems) == 1, str(error)
    return error.problems[0]


def test_a_plain_trace_becomes_a_plan(write):
    plan = read_trace(write(f"{HEADER}\n{GOOD}\n2017-07-31 10:05:10-04:00,bob,till-b,5542,4000\n"))
    assert plan.at_ns.tolist() == [1_501_509_909_000_000_000, 1_501_509_910_000_000_000]
    assert plan.cardholders == ("ann", "bob")
    assert plan.merchants == (MerchantRow("till-a", "5411", "grocery"), MerchantRow("till-b", "5542", "fuel"))
    assert list(plan.rows())[1] == (1_501_509_910_000_000_000, 1, 1, 4000, -1, -1)


def test_optional_columns_in_any_order_are_understood(write):
    plan = read_trace(
        write(
            "network,amount_cents,at_ns,authorized_cents,merchant,category,mcc,currency,cardholder\n"
            "amex,500,1501509909000000001,,till-a,corner shop,5411,USD,ann\n"
            ",4000,1501509909000000002,100,till-b,,5542,,ann\n"
            "visa,4000,1501509909000000003,-1,till-b,,5542,,ann\n"
        )
    )
    assert plan.at_ns.tolist() == [1501509909000000001, 1501509909000000002, 1501509909000000003]
    assert plan.authorized_cents.tolist() == [-1, 100, -1]
    assert plan.network.tolist() == [2, -1, 0]
    assert [till.category for till in plan.merchants] == ["corner shop", "fuel"]


def test_unsorted_rows_are_sorted_and_ties_keep_the_order_of_the_file(write):
    rows = ["2017-07-31T00:00:02Z,c,t,5411,3", "2017-07-31T00:00:01Z,b,t,5411,2", "2017-07-31T00:00:02Z,a,t,5411,1"]
    plan = read_trace(write("\n".join([HEADER, *rows])))
    assert plan.amount_cents.tolist() == [2, 3, 1]
    assert plan.cardholders == ("b", "c", "a")


@pytest.mark.parametrize(
    "change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text + "\n\n"]
)
def test_marks_and_line_ends_of_other_systems_change_nothing(write, change):
    text = f"{HEADER}\n{GOOD}\n"
    assert read_trace(write(change(text))) == read_trace(write(text))


def test_quotes_only_protect_what_they_enclose(write):
    plan = read_trace(write(f'{HEADER}\n2017-07-31T14:05:09Z,"Ann, of ""K""",till-a,"5411",1250\n'))
    assert plan.cardholders == ('Ann, of "K"',)


# One row each: column, text that stands there, what the message must say.
BAD_VALUES = [
    ("at", "", "is empty"),
    ("at", "2017-07-31T14:05:09", "has no zone; write 2017-07-31T14:05:09Z if it is UTC"),
    ("at", "31.07.2017 14:05", "write ISO 8601 with a zone"),
    ("at", "2017-02-29T00:00:00Z", "is not an instant: day is out of range for month"),
    ("at", "2017-07-31T24:00:00Z", "is not an instant: hour must be in 0..23"),
    ("at", "1989-12-31T23:59:59.999999999Z", "is outside 1990-01-01 to 2199-12-31"),
    ("at", "2200-01-01T00:00:00Z", "is outside 1990-01-01 to 2199-12-31"),
    ("at", "9999-01-01T00:00:00Z", "is outside 1990-01-01 to 2199-12-31"),
    ("amount_cents", "", "is empty"),
    ("amount_cents", "12.50", "not a whole number of cents; if these are dollars, write 1250"),
    ("amount_cents", "$12.5", "not a whole number of cents; if these are dollars, write 1250"),
    ("amount_cents", "0", "is not positive"),
    ("amount_cents", "-1250", "is not positive; a trace holds purchases, not refunds"),
    ("amount_cents", "1e3", "digits alone"),
    ("amount_cents", "0x11", "digits alone"),
    ("amount_cents", " 5", "digits alone"),
    ("amount_cents", "100000000001", "more than a billion dollars"),
    ("amount_cents", "9" * 400, "more than a billion dollars"),
    ("cardholder", "", "is empty"),
    ("cardholder", " ann", "a space before or after"),
    ("cardholder", "an\tn", "a control character"),
    ("cardholder", "n" * 129, "is 129 characters long; 128 are allowed"),
    ("merchant", "", "is empty"),
    ("mcc", "", "is empty"),
    ("mcc", "5410", "the nearest is 5411 (Groceries and supermarkets)"),
    ("mcc", "742", "lost its leading zeros; write 0742"),
    ("mcc", "food", "4 digits, such as 5411"),
    ("mcc", "54111", "4 digits, such as 5411"),
]


@pytest.mark.parametrize(("column", "text", "says"), BAD_VALUES)
def test_a_bad_value_is_named_with_line_column_and_reason(write, column, text, says):
    bad = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: text}
    path = write("\n".join([HEADER, GOOD, ",".join(bad.values()), GOOD]))
    problem = only_problem(path)
    assert (problem.file, problem.line, problem.row, problem.column) == (str(path), 3, None, column)
    assert says in problem.reason
    assert str(problem).startswith(f"{path}, line 3, column {column}: ")


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("network", "Visa", "did you mean visa?"),
        ("network", "mastercrad", "did you mean mastercard?"),
        ("network", "girocard", "it must be visa or mastercard or amex"),
        ("currency", "EUR", "it must be USD"),
        ("currency", "usd", "did you mean USD?"),
        ("category", "a\tb", "a control character"),
        ("authorized_cents", "0", "leave it empty to let the merchant decide"),
        ("authorized_cents", "-2", "leave it empty to let the merchant decide"),
        ("authorized_cents", "1.00", "write 100"),
    ],
)
def test_a_bad_value_of_an_optional_column_is_named(write, column, text, says):
    problem = only_problem(write(f"{HEADER},{column}\n{GOOD},{text}\n"))
    assert (problem.line, problem.column, problem.value) == (2, column, text)
    assert says in problem.reason


@pytest.mark.parametrize(
    ("at_ns", "says"),
    [
        ("1501509909", "looks like seconds; at_ns counts nanoseconds, so write 1501509909000000000"),
        ("1501509909123", "looks like milliseconds; at_ns counts nanoseconds, so write 1501509909123000000"),
        ("1501509909123456", "looks like microseconds"),
        ("631151999999999999", "is outside 1990"),
        ("9223372036854775808", "is outside 1990"),
        ("12.5", "is not a whole number of nanoseconds"),
    ],
)
def test_an_instant_in_the_wrong_unit_is_recognised(write, at_ns, says):
    problem = only_problem(write(f"at_ns,cardholder,merchant,mcc,amount_cents\n{at_ns},ann,till-a,5411,5\n"))
    assert problem.column == "at_ns"
    assert says in problem.reason


def test_what_is_right_is_not_reported_beside_what_is_wrong(write):
    rows = [f"{GOOD},{authorized}" for authorized in ("-1", "", "100", "1.00")]
    problem = only_problem(write("\n".join([f"{HEADER},authorized_cents", *rows])))
    assert (problem.line, problem.value) == (5, "1.00")


def test_all_bad_rows_are_named_in_one_go_in_the_order_of_the_file(write):
    rows = [GOOD, "yesterday,ann,till-a,5411,12.50", GOOD, "", "2017-07-31T14:05:09Z,,till-a,5410,0", "too,few"]
    error = refusal(write("\n".join([HEADER, *rows])))
    assert [(problem.line, problem.column) for problem in error.problems] == [
        (3, "at"),
        (3, "amount_cents"),
        (6, "amount_cents"),
        (6, "cardholder"),
        (6, "mcc"),
        (7, None),
    ]


def test_the_message_prints_fifty_problems_and_counts_the_rest(write):
    rows = ["2017-07-31T14:05:09Z,ann,till-a,5411,0"] * 3_000
    error = refusal(write("\n".join([HEADER, *rows])))
    assert error.total == 3_000
    assert len(error.problems) == 1_000
    assert len(str(error).splitlines()) == 51
    assert str(error).endswith("... and 2,950 more problems")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_quoted_line_break_does_not_shift_the_line_numbers(write):
    problems = refusal(write(f'{HEADER}\n2017-07-31T14:05:09Z,"a\nb",till-a,5411,5\n{GOOD[:-4]}0\n')).problems
    assert [(problem.line, problem.column) for problem in problems] == [(2, "cardholder"), (4, "amount_cents")]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "2017-07-31T14:05:09Z,ann,till-a,5411",
            "has 4 fields, the header 5; the first one that is missing is amount_cents",
        ),
        (
            "2017-07-31T14:05:09Z,K, ann,till-a,5411,5",
            "has 6 fields, the header 5; a text with a comma must stand in double",
        ),
        (
            '2017-07-31T14:05:09Z,"ann,till-a,5411,5',
            "opens a double quote that is never closed; nothing after this line was read",
        ),
        ('2017-07-31T14:05:09Z,"an"n,till-a,5411,5', "has a double quote inside a quoted text"),
    ],
)
def test_a_malformed_row_is_named_with_its_line(write, row, says):
    problem = only_problem(write(f"{HEADER}\n{GOOD}\n{row}\n"))
    assert (problem.line, problem.column) == (3, None)
    assert says in problem.reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; a trace starts with a line of column names"),
        (b" \n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (HEADER.encode(), "has column names but no purchases"),
        (f"{HEADER}\n\n".encode(), "has column names but no purchases"),
    ],
)
def test_a_file_without_purchases_is_refused(write, content, says):
    assert says in only_problem(write(content)).reason


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (f"{HEADER}\n{GOOD}\n".encode() + b"2017-07-31T14:05:09Z,Andr\xe9,t,5411,5\n", 3, "byte 0xe9"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), 1, "it looks like UTF-16"),
    ],
)
def test_a_file_that_is_not_utf8_is_refused_at_its_line(write, content, line, says):
    problem = only_problem(write(content))
    assert problem.line == line
    assert says in problem.reason


@pytest.mark.parametrize(
    ("header", "column", "says"),
    [
        (HEADER.replace("amount_cents", "amount"), "amount", "did you mean amount_cents?"),
        (HEADER.replace("cardholder", "household_id"), "household_id", "did you mean cardholder?"),
        (HEADER.replace("merchant", "Merchant"), "Merchant", "did you mean merchant?"),
        (HEADER.replace("at,", "timestamp,"), "timestamp", "did you mean at?"),
        (f"{HEADER},basket", "basket", "the columns are at, at_ns, cardholder"),
        (f"{HEADER},mcc", "mcc", "appears 2 times"),
        (f"{HEADER},at_ns", "at_ns", "stands beside at"),
        (HEADER.replace("at,", ""), "at", "is missing (or at_ns)"),
        (HEADER.replace("mcc,", ""), "mcc", "is missing"),
        (HEADER.replace(",", ";"), None, "separated by ';'"),
        (f'"{HEADER}', None, "opens a double quote that is never closed"),
    ],
)
def test_a_wrong_header_names_the_column_and_the_nearest_right_one(write, header, column, says):
    error = refusal(write(f"{header}\n{GOOD}\n"))
    assert all(problem.line == 1 for problem in error.problems)
    assert any(problem.column == column and says in problem.reason for problem in error.problems), str(error)


def test_a_till_keeps_one_mcc_and_one_category(write):
    rows = [
        f"2017-07-31T14:05:09Z,ann,store-367,{mcc},5,{category}"
        for mcc, category in [("5411", "grocery"), ("5542", "fuel")]
    ]
    error = refusal(write("\n".join([f"{HEADER},category", *rows])))
    assert [(problem.line, problem.column) for problem in error.problems] == [(3, "mcc"), (3, "category")]
    assert "contradicts '5411', which merchant 'store-367' has further up" in error.problems[0].reason
    assert "such as store-367-fuel" in error.problems[1].reason


def test_a_missing_file_names_the_nearest_one(write, tmp_path):
    path = write(f"{HEADER}\n{GOOD}\n")
    assert only_problem(tmp_path / "weak.csv").reason == f"does not exist; did you mean {path}?"
    assert "nor does the folder" in only_problem(tmp_path / "nowhere" / "week.csv").reason
    assert only_problem(tmp_path / "week.xlsx").reason == "is not a trace: its name must end in .csv or .parquet"


DATE = "(20|19|99)[0-9]{2}-[01][0-9]-[0-3][0-9]"
TIME = r"[T ][0-2][0-9](:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,10})?)?)?"
ZONE = "(Z|z|[+-][0-2][0-9](:?[0-6][0-9])?)?"
cells = {
    "at": st.one_of(
        st.from_regex(DATE + TIME + ZONE, fullmatch=True),
        st.text("0123456789-:TZ+. ", max_size=12),
        st.just("2017-07-31T14:05:09Z"),
    ),
    "cardholder": st.text("ab \x00é|", max_size=3),
    "merchant": st.sampled_from(["till-a", "till-b", ""]),
    "mcc": st.one_of(st.sampled_from(["5411", "5542", "٥٤١١"]), st.text("0123456789", max_size=5)),
    "amount_cents": st.one_of(st.text("0123456789-+.xe_ ", max_size=22), st.integers(-5, 10**12).map(str)),
    "authorized_cents": st.one_of(st.just(""), st.text("0123456789-", max_size=4)),
    "network": st.sampled_from(["", "visa", "amex", "Visa"]),
}
one_bad_cell = st.tuples(st.sampled_from(sorted(cells)), st.integers(0, 2)).flatmap(
    lambda place: st.tuples(st.just(place), cells[place[0]])
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300, deadline=None
)
@given(one_bad_cell)
def test_the_fast_and_the_careful_way_agree_on_every_value(tmp_path, drawn):
    (column, row), text = drawn
    table = [dict.fromkeys(cells, "") | dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) for _ in range(3)]
    table[row][column] = text
    lines = [",".join(cells)] + [",".join(line.values()) for line in table]
    outcomes = []
    for header in (lines[0], lines[0].replace("at,", '"at",', 1)):  # a quote anywhere asks for the careful way
        path = tmp_path / "both.csv"
        path.write_text("\n".join([header, *lines[1:]]), encoding="utf-8")
        try:
            outcomes.append(read_trace(path))
        except TraceError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200, deadline=None
)
@given(st.integers(0, 150), st.integers(0, 3), st.binary(max_size=3))
def test_a_damaged_csv_is_read_or_refused_and_nothing_else(tmp_path, start, dropped, inserted):
    whole = "\n".join([f"{HEADER},network", f"{GOOD},visa", '2017-07-31T14:05:09Z,"b,é",till-b,5542,5,']).encode()
    path = tmp_path / "damaged.csv"
    path.write_bytes(whole[:start] + inserted + whole[start + dropped :])
    assert read_or_refused(path)


# Parquet


INSTANT = datetime.datetime(2017, 7, 31, 14, 5, 9, tzinfo=datetime.UTC)


def table_with(**columns) -> pa.Table:
    good = {
        "at": pa.array([INSTANT, INSTANT], pa.timestamp("us", "UTC")),
        "cardholder": pa.array(["ann", "bob"]),
        "merchant": pa.array(["till-a", "till-b"]),
        "mcc": pa.array(["5411", "0742"]),
        "amount_cents": pa.array([1250, 4000], pa.int64()),
    }
    return pa.table(good | columns)


@pytest.fixture
def parquet(tmp_path):
    def write_file(table: pa.Table):
        path = tmp_path / "week.parquet"
        pq.write_table(table, path)
        return path

    return write_file


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"at": pa.array(["2017-07-31T14:05:09Z", "2017-07-31T10:05:09-04:00"])},
        {"at": pa.array([INSTANT, INSTANT], pa.timestamp("s", "America/New_York"))},
        {"mcc": pa.array([5411, 742], pa.int16())},
        {"cardholder": pa.array(["ann", "bob"]).dictionary_encode()},
        {"merchant": pa.array(["till-a", "till-b"], pa.large_string())},
        {"amount_cents": pa.array([1250, 4000], pa.uint64())},
        {"authorized_cents": pa.array([None, -1], pa.int32()), "network": pa.array([None, ""])},
    ],
)
def test_parquet_columns_of_every_fitting_type_give_the_same_plan(parquet, columns):
    plan = read_trace(parquet(table_with(**columns)))
    assert plan.at_ns.tolist() == [1_501_509_909_000_000_000] * 2
    assert [till.mcc for till in plan.merchants] == ["5411", "0742"]
    assert plan == read_trace(parquet(table_with()))


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        (
            "amount_cents",
            pa.array([12.5, 40.0]),
            "has type double; it must hold whole cents as int64 (12.50 dollars are 1250)",
        ),
        ("amount_cents", pa.array(["1250", "4000"]), "has type string; it must hold whole cents"),
        (
            "at",
            pa.array([INSTANT, INSTANT], pa.timestamp("ns")),
            "a timestamp needs a zone: write it as timestamp with tz=UTC",
        ),
        ("at", pa.array([1, 2]), "it must hold timestamps with a zone, or texts"),
        ("cardholder", pa.array([1, 2]), "has type int64; it must hold texts"),
        ("category", pa.array([["a"], []]), "it must hold texts"),
    ],
)
def test_a_parquet_column_of_a_wrong_type_is_refused_as_a_whole(parquet, column, values, says):
    problem = only_problem(parquet(table_with(**{column: values})))
    assert (problem.column, problem.row, problem.line) == (column, None, None)
    assert says in problem.reason


@pytest.mark.parametrize(
    ("column", "values", "row", "says"),
    [
        ("amount_cents", pa.array([1250, None], pa.int64()), 2, "is missing (null)"),
        ("amount_cents", pa.array([0, 5], pa.int64()), 1, "is not positive"),
        ("amount_cents", pa.array([5, 2**64 - 1], pa.uint64()), 2, "more than a billion dollars"),
        ("cardholder", pa.array(["ann", None]), 2, "is empty"),
        ("at", pa.array([INSTANT, None], pa.timestamp("ms", "UTC")), 2, "is missing (null)"),
        ("at", pa.array([0, 1_501_509_909], pa.timestamp("s", "UTC")), 1, "s since 1970 is outside 1990-01-01 to 2199"),
        ("at", pa.array([2**62, 1_501_509_909_000_000], pa.timestamp("us", "UTC")), 1, "is outside 1990-01-01 to 2199"),
        ("mcc", pa.array([5411, 5410]), 2, "the nearest is 5411"),
        ("network", pa.array(["visa", "vsa"]), 2, "did you mean visa?"),
    ],
)
def test_a_bad_parquet_row_is_named_with_its_number(parquet, column, values, row, says):
    problem = only_problem(parquet(table_with(**{column: values})))
    assert (problem.row, problem.line, problem.column) == (row, None, column)
    assert says in problem.reason


def test_bad_parquet_rows_are_named_in_the_order_of_the_file(parquet):
    error = refusal(parquet(table_with(mcc=pa.array(["5410", "5411"]), amount_cents=pa.array([5, 0]))))
    assert [(problem.row, problem.column) for problem in error.problems] == [(1, "mcc"), (2, "amount_cents")]


def test_a_file_that_is_not_parquet_is_refused(write, parquet):
    assert "cannot be read as Parquet" in only_problem(write("at,cardholder\n", "week.parquet")).reason
    assert only_problem(parquet(table_with().slice(0, 0))).reason == "has columns but no purchases"
    wrong = refusal(parquet(table_with().rename_columns(["at", "card", "merchant", "mcc", "amount_cents"])))
    assert {problem.reason for problem in wrong.problems} == {
        "is not a column of a trace; did you mean cardholder?",
        "is missing",
    }


# The same damage each time: what Arrow makes of a broken file is not this project's to search for in every run.
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=200,
    deadline=None,
    derandomize=True,
)
@given(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=3))
def test_a_damaged_parquet_file_is_read_or_refused_and_nothing_else(tmp_path, where, dropped, inserted):
    path = tmp_path / "damaged.parquet"
    pq.write_table(table_with(), path)
    whole = path.read_bytes()
    start = int(where * len(whole))
    path.write_bytes(whole[:start] + inserted + whole[start + dropped :])
    assert read_or_refused(path)


def test_a_parquet_text_that_is_not_utf8_is_refused(parquet):
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ann", b"b\xff"]).buffers())
    assert "Invalid UTF8" in only_problem(parquet(table_with(cardholder=broken))).reason
