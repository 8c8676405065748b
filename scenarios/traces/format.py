"""The trace format: its columns, its ranges, and the right word for a wrong one. docs/TRACES.md describes it."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Sequence

import iso18245

from scenarios.traces.problems import TraceProblem

FIRST_NS = 631_152_000_000_000_000  # 1990-01-01: seconds, ms and µs since 1970 all fall before it, and are caught
END_NS = 7_258_118_400_000_000_000  # 2200-01-01
MAX_CENTS = 100_000_000_000  # a billion dollars
LONGEST_ID = 128  # characters of an id or a category
CURRENCIES = ("USD",)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column of a trace; `required` is "yes", "no" or "one of two"."""

    name: str
    required: str
    meaning: str


COLUMNS = (
    Column("at", "one of two", "when: ISO 8601 with a zone (2017-07-31T14:05:09Z, 2017-07-31 10:05:09-04:00)"),
    Column("at_ns", "one of two", "when: integer nanoseconds since 1970-01-01 UTC, from 1990 to 2199"),
    Column("cardholder", "yes", "who pays: any text of up to 128 characters"),
    Column("merchant", "yes", "the till: any text of up to 128 characters; one till has one mcc and one category"),
    Column("mcc", "yes", "merchant category code of ISO 18245, 4 digits"),
    Column("amount_cents", "yes", "what the purchase finally costs: whole US cents, positive"),
    Column("category", "no", "a word to group reports by; derived from the mcc where it is empty"),
    Column(
        "authorized_cents", "no", "what is asked at authorization: whole US cents; empty: the merchant's habit decides"
    ),
    Column("network", "no", "visa, mastercard or amex; empty: the card decides"),
    Column("currency", "no", "USD"),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required == "yes")

# What people call these columns elsewhere; only used to suggest the right name.
_ALIASES = {
    "at": ("time", "timestamp", "date", "datetime", "transaction_timestamp", "when"),
    "at_ns": ("timestamp_ns", "time_ns", "epoch_ns"),
    "cardholder": (
        "card",
        "card_id",
        "customer",
        "customer_id",
        "household",
        "household_id",
        "user",
        "user_id",
        "account",
    ),
    "merchant": ("store", "store_id", "shop", "terminal", "payee"),
    "mcc": ("merchant_category_code", "category_code", "mcc_code"),
    "amount_cents": ("total", "value", "price", "sales_value", "amount_usd", "cents"),
    "authorized_cents": ("authorised_cents", "auth_cents", "auth_amount"),
    "network": ("scheme", "brand", "card_network"),
    "currency": ("ccy", "currency_code"),
}
_SUGGESTIONS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}


def header_problems(names: Sequence[str], file: str, line: int | None) -> list[TraceProblem]:
    """What is wrong with the column names: twice, unknown (and the nearest right one), missing. `line`: where."""

    def problem(column: str, reason: str) -> TraceProblem:
        return TraceProblem(file, reason, line=line, column=column)

    if len(names) == 1 and (delimiter := next((mark for mark in ";\t|" if mark in names[0]), None)):
        return [
            TraceProblem(file, f"columns are separated by {delimiter!r}; a trace is separated by commas", line=line)
        ]
    found = [
        problem(name, f"appears {names.count(name)} times; each column may appear once")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for name in dict.fromkeys(names):
        if name not in NAMES:
            near = nearest_column(name)
            hint = f"did you mean {near}?" if near else f"the columns are {', '.join(NAMES)}"
            found.append(problem(name or "(no name)", f"is not a column of a trace; {hint}"))
    found += [problem(name, "is missing") for name in REQUIRED if name not in names]
    if "at" not in names and "at_ns" not in names:
        found.append(problem("at", "is missing (or at_ns)"))
    if "at" in names and "at_ns" in names:
        found.append(problem("at_ns", "stands beside at; a trace has one of the two"))
    return found


def nearest_column(name: str) -> str | None:
    """The column that a wrong name most likely means, or None."""
    word = re.sub(r"[^a-z_]+", "_", name.strip().lower()).strip("_")
    return _SUGGESTIONS.get(word) or nearest_word(word, NAMES)


def nearest_word(word: str, words: Sequence[str]) -> str | None:
    """The most similar of `words`, or None where none is similar."""
    return next(iter(difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)), None)


def text_problem(name: str, text: str) -> str | None:
    """Why a text cannot stand in column `name` (an id or a category), or None if it can."""
    if not text:
        return None if name == "category" else "is empty"
    if text != text.strip():
        return "has a space before or after it"
    if _UNPRINTABLE.search(text):
        return "holds a control character"
    if len(text) > LONGEST_ID:
        return f"is {len(text)} characters long; {LONGEST_ID} are allowed"
    return None


@functools.lru_cache(maxsize=20_000)
def mcc_problem(mcc: str) -> str | None:
    """Why `mcc` is not a merchant category code of ISO 18245 (with the nearest that is), or None if it is one."""
    if not mcc:
        return "is empty"
    if not re.fullmatch("[0-9]{4}", mcc):
        if re.fullmatch("[0-9]{1,3}", mcc) and mcc_problem(mcc.zfill(4)) is None:
            return f"lost its leading zeros; write {mcc.zfill(4)}"
        return "is not a merchant category code: 4 digits, such as 5411"
    try:
        iso18245.get_mcc(mcc)
    except iso18245.MCCNotFound:
        near = min(_all_mccs(), key=lambda known: (abs(int(known) - int(mcc)), known))
        return f"is not a merchant category code of ISO 18245; the nearest is {near} ({describe_mcc(near)})"
    return None


def describe_mcc(mcc: str) -> str:
    """What the standard, or else a network, calls this merchant category."""
    entry = iso18245.get_mcc(mcc)
    names = (entry.iso_description, entry.visa_description, entry.mastercard_description, entry.amex_description)
    return next((name for name in (*names, entry.usda_description, entry.stripe_description) if name), "no description")


@functools.lru_cache(maxsize=1)
def _all_mccs() -> tuple[str, ...]:
    return tuple(entry.mcc for entry in iso18245.get_all_mccs())


# Short words for what most cards are swiped at; everything else goes by the range that ISO 18245 puts it in.
_CATEGORIES = {
    "4111": "transit",
    "4112": "transit",
    "4121": "taxi",
    "4131": "transit",
    "5261": "garden",
    "5411": "grocery",
    "5462": "bakery",
    "5499": "deli",
    "5541": "fuel",
    "5542": "fuel",
    "5812": "restaurant",
    "5813": "bar",
    "5814": "fast_food",
    "5912": "drugstore",
    "5921": "liquor",
    "5945": "toys",
    "5947": "gifts",
    "5964": "online_retail",
    "5968": "subscription",
    "5977": "cosmetics",
    "5992": "florist",
    "7011": "hotel",
    "7512": "car_rental",
}
_NETWORK_RANGES = ((3000, 3350, "airline"), (3351, 3500, "car_rental"), (3501, 3999, "hotel"))


@functools.lru_cache(maxsize=2_000)
def category_of(mcc: str) -> str:
    """The category of a purchase that names none: "grocery" for 5411, "retail_outlets" for an uncommon shop."""
    if mcc in _CATEGORIES:
        return _CATEGORIES[mcc]
    for low, high, word in _NETWORK_RANGES:
        if low <= int(mcc) <= high:
            return word
    return re.sub("[^a-z]+", "_", iso18245.get_mcc_range(mcc).description.lower()).strip("_")
