"""From named columns to a plan: every rule of the format, checked a column at a time, every bad row remembered.

A column that is right as a whole is converted as a whole. Only where that fails are its values looked at one by one,
to say which are wrong and why.
"""

from __future__ import annotations

import datetime
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scenarios.traces import format as trace_format
from scenarios.traces.plan import CARD_DECIDES, MERCHANT_DECIDES, NETWORKS, MerchantRow, PurchasePlan
from scenarios.traces.problems import Findings

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)", re.ASCII
)
_FIRST = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(2200, 1, 1, tzinfo=datetime.UTC)
_RANGE = "outside 1990-01-01 to 2199-12-31"


def plan_of(columns: dict[str, pa.Array], findings: Findings) -> PurchasePlan | None:
    """The plan that these columns hold, or None with `findings` filled.

    `columns` maps names of the format to Arrow arrays of one length: texts as a CSV gives them ("" = nothing), or, from
    Parquet, int64 and timestamp[ns, UTC] without nulls where the format asks for integers and instants.
    """
    at_ns = instants(columns["at"], findings) if "at" in columns else nanoseconds(columns["at_ns"], findings)
    amount_cents = whole_cents(columns, "amount_cents", findings)
    authorized_cents = whole_cents(columns, "authorized_cents", findings)
    cardholder, cardholders = identifiers(columns, "cardholder", findings)
    merchant, merchants = identifiers(columns, "merchant", findings)
    mcc, mccs = merchant_categories(columns["mcc"], findings)
    category, categories = identifiers(columns, "category", findings)
    network = words(columns, "network", NETWORKS, findings)
    words(columns, "currency", trace_format.CURRENCIES, findings)
    if findings.total:
        return None
    first_row = one_till_one_meaning(merchant, merchants, mcc, mccs, category, categories, findings)
    if findings.total:
        return None
    tills = [
        MerchantRow(
            name,
            mccs[mcc[row]],
            (categories[category[row]] if categories else "") or trace_format.category_of(mccs[mcc[row]]),
        )
        for name, row in zip(merchants, first_row.tolist(), strict=True)
    ]
    return PurchasePlan.of(
        at_ns, cardholder, merchant, amount_cents, cardholders, tills, authorized_cents, network
    ).compact()


def instants(values: pa.Array, findings: Findings) -> np.ndarray:
    """UTC nanoseconds of ISO 8601 texts with a zone (or of timestamps that Arrow already holds)."""
    try:
        parsed = pc.cast(values, pa.timestamp("ns", "UTC"))
    except pa.ArrowInvalid:
        reasons = {row: reason for row, text in enumerate(values.to_pylist()) if (reason := _instant_problem(text))}
        assert reasons, "a column of instants is refused, yet each of its values is right"
        _add_reasons("at", values, reasons, findings)
        return np.zeros(len(values), dtype=np.int64)
    at_ns = _numpy(parsed.cast(pa.int64()))
    outside = np.flatnonzero((at_ns < trace_format.FIRST_NS) | (at_ns >= trace_format.END_NS))
    findings.add("at", outside, lambda row: (str(values[row]), f"is {_RANGE}"))
    return at_ns


def nanoseconds(values: pa.Array, findings: Findings) -> np.ndarray:
    """Integer nanoseconds since 1970, within the range of the format."""
    return _integers("at_ns", values, trace_format.FIRST_NS, trace_format.END_NS - 1, findings)


def whole_cents(columns: dict[str, pa.Array], name: str, findings: Findings) -> np.ndarray | None:
    """Positive whole cents; None where the column is absent. In `authorized_cents`, "" and -1: the merchant decides."""
    if name not in columns:
        return None
    values = columns[name]
    if name != "authorized_cents":
        return _integers(name, values, 1, trace_format.MAX_CENTS, findings)
    if pa.types.is_string(values.type):
        values = pc.if_else(pc.equal(values, ""), str(MERCHANT_DECIDES), values)
    return _integers(name, values, 1, trace_format.MAX_CENTS, findings, but_also=MERCHANT_DECIDES)


def identifiers(columns: dict[str, pa.Array], name: str, findings: Findings) -> tuple[np.ndarray, list[str]]:
    """A code per row, and what the codes stand for. `category` may be absent or empty, ids may not."""
    if name not in columns:
        return np.zeros(0, dtype=np.int32), []
    codes, texts = _encode(columns[name])
    _add_codes(
        name,
        codes,
        texts,
        {i: r for i, text in enumerate(texts) if (r := trace_format.text_problem(name, text))},
        findings,
    )
    return codes, texts


def merchant_categories(values: pa.Array, findings: Findings) -> tuple[np.ndarray, list[str]]:
    """A code per row, and the 4-digit merchant category codes that they stand for."""
    codes, texts = _encode(values)
    wrong = {i: reason for i, text in enumerate(texts) if (reason := trace_format.mcc_problem(text))}
    _add_codes("mcc", codes, texts, wrong, findings)
    return codes, texts


def words(columns: dict[str, pa.Array], name: str, allowed: tuple[str, ...], findings: Findings) -> np.ndarray | None:
    """The index into `allowed` per row, -1 where nothing is said; None where the column is absent."""
    if name not in columns:
        return None
    codes, texts = _encode(columns[name])
    meaning = np.full(len(texts), CARD_DECIDES, dtype=np.int8)
    wrong = {}
    for index, text in enumerate(texts):
        if text in allowed:
            meaning[index] = allowed.index(text)
        elif text:
            near = next((word for word in allowed if word.lower() == text.strip().lower()), None)
            near = near or trace_format.nearest_word(text, allowed)
            hint = f"did you mean {near}?" if near else f"it must be {' or '.join(allowed)}"
            wrong[index] = f"is not known; {hint}"
    _add_codes(name, codes, texts, wrong, findings)
    return meaning[codes]


def one_till_one_meaning(
    merchant: np.ndarray,
    merchants: list[str],
    mcc: np.ndarray,
    mccs: list[str],
    category: np.ndarray,
    categories: list[str],
    findings: Findings,
) -> np.ndarray:
    """The first row of each merchant; rows that give it another mcc or category than that row are findings."""
    first_row = np.unique(merchant, return_index=True)[1]
    for name, codes, texts in (("mcc", mcc, mccs), ("category", category, categories)):
        if not texts:
            continue
        expected = codes[first_row][merchant]

        def explain(row: int, codes=codes, texts=texts, expected=expected) -> tuple[str, str]:
            till = merchants[merchant[row]]
            return texts[codes[row]], (
                f"contradicts {texts[expected[row]]!r}, which merchant {till!r} has further up; "
                f"one till has one mcc and one category: give each its own id, such as {till}-{texts[codes[row]]}"
            )

        findings.add(name, np.flatnonzero(codes != expected), explain)
    return first_row


def _integers(
    name: str, values: pa.Array, low: int, high: int, findings: Findings, but_also: int | None = None
) -> np.ndarray:
    try:
        if pa.types.is_string(values.type) and pc.any(pc.match_substring_regex(values, "[^0-9-]")).as_py():
            raise pa.ArrowInvalid("not decimal")  # Arrow would read 0x1f as 31
        numbers = _numpy(pc.cast(values, pa.int64()))
    except pa.ArrowInvalid:
        texts = values.to_pylist()
        reasons = {
            row: reason
            for row, text in enumerate(texts)
            if (reason := _integer_problem(name, text, low, high, but_also))
        }
        assert reasons, f"column {name} is refused, yet each of its values is right"
        _add_reasons(name, values, reasons, findings)
        return np.zeros(len(values), dtype=np.int64)
    wrong = (numbers < low) | (numbers > high)
    if but_also is not None:
        wrong &= numbers != but_also
    findings.add(name, np.flatnonzero(wrong), lambda row: (str(values[row]), _size_problem(name, int(numbers[row]))))
    return numbers


def _integer_problem(name: str, text: str, low: int, high: int, but_also: int | None) -> str | None:
    if re.fullmatch("-?[0-9]+", text):
        digits = text.lstrip("-0") or "0"
        number = int(digits) if len(digits) < 25 else high + 1
        number = -number if text.startswith("-") else number
        return None if low <= number <= high or number == but_also else _size_problem(name, number)
    if not text:
        return "is empty"
    if not name.endswith("_cents"):
        return "is not a whole number of nanoseconds"
    if decimal := re.fullmatch(r"\$? ?([0-9]+)[.]([0-9]{1,2})", text):
        cents = int(decimal[1]) * 100 + int(decimal[2].ljust(2, "0"))
        return f"is not a whole number of cents; if these are dollars, write {cents}"
    return "is not a whole number of cents (digits alone: no sign, point, separator or space)"


def _size_problem(name: str, number: int) -> str:
    if name == "at_ns":
        for unit, in_ns in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
            if trace_format.FIRST_NS <= number * in_ns < trace_format.END_NS:
                return f"looks like {unit}; at_ns counts nanoseconds, so write {number * in_ns}"
        return f"is {_RANGE}"
    if number > trace_format.MAX_CENTS:
        return "is more than a billion dollars"
    empty = "; leave it empty to let the merchant decide" if name == "authorized_cents" else ""
    return f"is not positive; a trace holds purchases, not refunds or voids{empty}"


def _instant_problem(text: str) -> str | None:
    if not text:
        return "is empty"
    match = _INSTANT.fullmatch(text)
    if match is None:
        if _INSTANT.fullmatch(text + "Z"):
            return f"has no zone; write {text}Z if it is UTC, or add an offset such as -04:00"
        return "is not an instant; write ISO 8601 with a zone, such as 2017-07-31T14:05:09Z"
    try:
        instant = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        return f"is not an instant: {error}"
    return None if _FIRST <= instant < _END else f"is {_RANGE}"


def _encode(values: pa.Array) -> tuple[np.ndarray, list[str]]:
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), encoded.dictionary.to_pylist()


def _numpy(values: pa.Array) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False)


def _add_reasons(column: str, values: pa.Array, reasons: dict[int, str], findings: Findings) -> None:
    findings.add(column, np.array(list(reasons)), lambda row: (values[row].as_py(), reasons[row]))


def _add_codes(column: str, codes: np.ndarray, texts: list[str], wrong: dict[int, str], findings: Findings) -> None:
    if wrong:
        rows = np.flatnonzero(np.isin(codes, list(wrong)))
        findings.add(column, rows, lambda row: (texts[codes[row]], wrong[int(codes[row])]))
