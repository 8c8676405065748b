"""A small consistent world as an events table: what a simulation would leave behind, and ways to spoil it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports import RunFacts

COLUMNS = (
    "at_ns",
    "kind",
    "ref",
    "account",
    "network",
    "amount_cents",
    "amount_usdc6",
    "result",
    "latency_ns",
    "detail",
)
S, MS = 1_000_000_000, 1_000_000
HOUR, DAY = 3_600 * S, 86_400 * S
NETWORKS = np.array(["visa", "mastercard", "amex"])
SHARE = (0.55, 0.33, 0.12)
DEADLINES = {"visa": 2 * S, "mastercard": 3 * S, "amex": 2 * S}
REASONS = np.array(
    ["approved", "insufficient_funds", "transaction_limit", "daily_limit", "card_frozen", "card_expired"]
)
OUTCOMES = (0.925, 0.04, 0.016, 0.011, 0.006, 0.002)
USDC6_PER_CENT = 10_000


@dataclass(frozen=True)
class Shape:
    swipes: int = 3_000
    accounts: int = 60
    days: int = 3
    seed: int = 7
    slow: float = 1.0
    timeouts: float = 0.002
    cents: float = 2_400.0
    opening_cents: int = 400_000


FACTS = RunFacts(
    id="20260302-080000-grocery_week-7",
    scenario="grocery_week",
    about="A week of real grocery baskets, swiped by their households, clears and settles to the cent.",
    seed=7,
    engine="engine",
    version="0.1.0",
    python="3.11.14",
    trace_sha256="8f0c9a7d34be62f1a5d0c3b2e1974650bb1f0e6d2c8a4b7f93e1d05a6c2b4e88",
    virtual_seconds=5 * 86_400.0,
    wall_seconds=4.218,
    cpu_seconds=4.11,
    peak_rss_mib=412.6,
    start_utc_ns=1_772_438_400 * S,
    budgets={
        "latency.authorize.p99_ms": 250,
        "latency.authorize.over_deadline": 20,
        "latency.by_network.amex.p99_ms": 300,
        "settlement.gas_per_swipe": 20_000,
        "settlement.lag_p99_s": 14_400,
    },
    deadlines_ns=DEADLINES,
    command="swipelab run grocery_week --seed 7",
    invariants=tuple(f"I{n}" for n in range(1, 13)),
)


def table(kind: str | np.ndarray, rows: int, **columns: object) -> pd.DataFrame:
    """Rows of one kind; what is not given is empty."""
    blank = {"ref": "", "account": "", "network": "", "amount_cents": 0, "amount_usdc6": 0, "result": "", "detail": ""}
    given = {"at_ns": 0, "kind": kind, "latency_ns": -1, **blank, **columns}
    return pd.DataFrame({name: given[name] for name in COLUMNS}, index=range(rows))


def row(kind: str, **columns: object) -> pd.DataFrame:
    return table(kind, 1, **columns)


def events_of(*parts: pd.DataFrame) -> pd.DataFrame:
    """The parts as one events table in the order in which things happened."""
    blank = table("", 0).astype({name: "int64" for name in COLUMNS if name.startswith(("at", "amount", "latency"))})
    filled = [part for part in parts if len(part)]
    if not filled:
        return blank
    return pd.concat(filled).sort_values("at_ns", kind="stable", ignore_index=True)


def names(prefix: str, numbers: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{number:07d}" for number in numbers], dtype=object)


def passing(shape: Shape = Shape()) -> pd.DataFrame:
    """A run in which everything is right."""
    rng = np.random.default_rng(shape.seed)
    accounts = names("acct-", np.arange(shape.accounts))
    traffic = shape.days * DAY
    end = traffic + 2 * DAY
    n = shape.swipes
    hour = rng.normal(15, 3.6, n) % 24
    sent = np.sort((rng.integers(0, shape.days, n) * 24 + hour) * HOUR).astype(np.int64)
    who = rng.integers(0, shape.accounts, n)
    network = rng.choice(3, n, p=SHARE)
    cents = np.maximum(rng.lognormal(np.log(shape.cents), 0.9, n).astype(np.int64), 1)
    latency = (rng.lognormal(np.log(34), 0.32, n) * shape.slow * np.array([1.0, 1.12, 1.35])[network] * MS).astype(int)
    outcome = rng.choice(len(REASONS), n, p=OUTCOMES)
    limit = np.array([DEADLINES[name] for name in NETWORKS])[network]
    timed_out = (rng.random(n) < shape.timeouts) | (latency > limit)
    latency = np.where(timed_out, np.maximum(latency, limit + (rng.random(n) * 400 * MS).astype(int)), latency)
    swipe = {
        "ref": names("auth-", np.arange(n)),
        "account": accounts[who],
        "network": NETWORKS[network],
        "amount_cents": cents,
    }
    swiped = table("authorize", n, at_ns=sent + latency, result=REASONS[outcome], latency_ns=latency, **swipe)
    swiped["sent"], swiped["limit"] = sent, limit
    answered = swiped[~timed_out]
    waited = swiped[timed_out]
    gave_up = waited.assign(
        kind="authorize.timeout", at_ns=waited["sent"] + waited["limit"], result="declined", latency_ns=waited["limit"]
    )
    late = waited.assign(kind="authorize.late")
    taken_back = table(
        "reverse",
        len(waited),
        at_ns=waited["at_ns"].to_numpy() + 5 * S,
        ref=waited["ref"].to_numpy(),
        network=waited["network"].to_numpy(),
        result="released",
        latency_ns=31 * MS,
        amount_usdc6=waited["amount_cents"].to_numpy() * USDC6_PER_CENT,
    )
    inside = answered.assign(kind="engine", latency_ns=(answered["latency_ns"] * 0.3).astype("int64"))
    approved = answered[answered["result"] == "approved"]
    cleared = _cleared(approved, rng)
    burned = _burned(cleared, accounts)
    parts = [
        answered, gave_up, late, taken_back, inside, *_opened(shape, accounts), *cleared.rows, *burned.rows,
        _funds(shape, end, approved, cleared, burned), _withdrawal(accounts[0]),
    ]  # fmt: skip
    return events_of(*(part[list(COLUMNS)] for part in parts))


def _opened(shape: Shape, accounts: np.ndarray) -> list[pd.DataFrame]:
    n, at = shape.accounts, -20 * 60 * S
    common = {
        "ref": names("0xd0:", np.arange(n)),
        "account": accounts,
        "amount_usdc6": shape.opening_cents * USDC6_PER_CENT,
    }
    return [
        table("chain.deposit", n, at_ns=at, **common),
        table("deposit", n, at_ns=at + 24 * S, result="applied", latency_ns=6 * MS, **common),
        table("ledger", n, at_ns=at + 24 * S, result="deposit", **common),
    ]


def _withdrawal(account: str) -> pd.DataFrame:
    common = {"ref": "0xf1:3", "account": account, "amount_usdc6": 25_000_000}
    return pd.concat(
        [
            row("chain.withdrawal", at_ns=DAY, result="completed", **common),
            row(
                "withdraw", at_ns=DAY + 24 * S, result="applied", latency_ns=5 * MS, detail="stage=completed", **common
            ),
            row("ledger", at_ns=DAY + 24 * S, result="withdrawal", **common),
        ]
    )


@dataclass(frozen=True)
class Cleared:
    rows: list[pd.DataFrame]
    at_ns: np.ndarray
    account: np.ndarray
    usdc6: np.ndarray


def _cleared(approved: pd.DataFrame, rng: np.random.Generator) -> Cleared:
    n = len(approved)
    network = approved["network"].to_numpy()
    clearing = np.select([network == "visa", network == "mastercard"], [5 * HOUR, 6 * HOUR], 7 * HOUR)
    at = (approved["at_ns"].to_numpy() // DAY + 1) * DAY + clearing
    tip = np.where(rng.random(n) < 0.2, 1 + rng.random(n) * 0.2, 1.0)
    cents = np.maximum((approved["amount_cents"].to_numpy() * tip).astype(np.int64), 1)
    common = {
        "ref": names("pres-", np.arange(n)),
        "account": approved["account"].to_numpy(),
        "network": network,
        "amount_cents": cents,
    }
    posted = {"amount_usdc6": cents * USDC6_PER_CENT}
    answer = at + (1 + rng.beta(1.6, 2.5, n) * 2_400).astype(np.int64) * S
    told_ns = (40 + rng.random(n) * 160).astype(np.int64) * MS
    details = np.array(
        [f"auth={ref} file=f{day}" for ref, day in zip(approved["ref"], at // DAY, strict=True)], dtype=object
    )
    rows = [
        table("present", n, at_ns=at, **{**common, "account": ""}),
        table("capture", n, at_ns=answer, result="posted", latency_ns=told_ns, detail=details, **common, **posted),
        table("ledger", n, at_ns=answer, result="capture", **{**common, "network": "", "amount_cents": 0}, **posted),
    ]
    return Cleared(rows, answer, common["account"], cents * USDC6_PER_CENT)


@dataclass(frozen=True)
class Burned:
    rows: list[pd.DataFrame]
    at_ns: np.ndarray
    usdc6: np.ndarray


def _burned(cleared: Cleared, accounts: np.ndarray) -> Burned:
    tick = (cleared.at_ns // HOUR + 1) * HOUR
    frame = pd.DataFrame({"tick": tick, "account": cleared.account, "usdc6": cleared.usdc6})
    nets = frame.groupby(["tick", "account"], as_index=False)["usdc6"].sum()
    ids = np.array([f"0x{hour:064x}" for hour in (nets["tick"] // HOUR).to_numpy()], dtype=object)
    common = {"ref": ids, "account": nets["account"].to_numpy(), "amount_usdc6": nets["usdc6"].to_numpy()}
    at = nets["tick"].to_numpy() + 12 * S
    ticks = nets.groupby("tick").agg(usdc6=("usdc6", "sum"), users=("usdc6", "size")).reset_index()
    told = [
        f"batches=1 transactions=1 users={users} gas={42_000 + 10_500 * users}" for users in ticks["users"].tolist()
    ]
    spent = [f"gas={42_000 + 10_500 * users} to=settleBatch users={users}" for users in ticks["users"].tolist()]
    tick_at = ticks["tick"].to_numpy()
    hashes = names("0xbeef", np.arange(len(ticks)))
    rows = [
        table("chain.tx", len(ticks), at_ns=tick_at + 12 * S, ref=hashes, result="ok", detail=spent),
        table("chain.settlement", len(nets), at_ns=at, **common),
        table(
            "settle",
            len(ticks),
            at_ns=tick_at + 37 * S,
            ref="",
            amount_usdc6=ticks["usdc6"].to_numpy(),
            latency_ns=37 * S,
            detail=told,
        ),
        table("ledger", len(nets), at_ns=at + 24 * S, result="settlement", **common),
    ]
    return Burned(rows, at, nets["usdc6"].to_numpy())


def _funds(shape: Shape, end: int, approved: pd.DataFrame, cleared: Cleared, burned: Burned) -> pd.DataFrame:
    hours = np.arange(0, end + 1, HOUR)
    opening = shape.accounts * shape.opening_cents * USDC6_PER_CENT

    def until(at: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        order = np.argsort(at, kind="stable")
        sums = np.r_[0, np.cumsum(amounts[order])]
        return sums[np.searchsorted(at[order], hours, side="right")]

    held = until(approved["at_ns"].to_numpy(), approved["amount_cents"].to_numpy() * USDC6_PER_CENT)
    freed = until(cleared.at_ns, approved["amount_cents"].to_numpy() * USDC6_PER_CENT)
    captured, gone = until(cleared.at_ns, cleared.usdc6), until(burned.at_ns, burned.usdc6)
    parts = {"supply": opening - gone, "held": held - freed, "unsettled": captured - gone, "receivable": 0 * hours}
    parts["available"] = opening - captured - parts["held"]
    parts["usdc_held"] = parts["supply"]
    return pd.concat(
        [table("funds", len(hours), at_ns=hours, ref=name, amount_usdc6=values) for name, values in parts.items()]
    )


def failing() -> tuple[pd.DataFrame, RunFacts]:
    """A run that is slow, loses a capture, burns twice, credits a stranger, and lets people overspend."""
    events = passing(Shape(slow=3.1, timeouts=0.02, seed=11))
    captures = events.index[(events["kind"] == "ledger") & (events["result"] == "capture")]
    events = events.drop(captures[[3, 40]])
    events.loc[captures[7], "amount_usdc6"] += 1_000_000
    burns = events[events["kind"] == "chain.settlement"]
    again = burns.iloc[[5]].assign(at_ns=burns["at_ns"].iloc[5] + 120 * S)
    short = burns.iloc[[9]].assign(kind="chain.shortfall", amount_usdc6=3_000_000)
    events.loc[burns.index[9], "amount_usdc6"] -= 3_000_000
    deposits = events.index[(events["kind"] == "ledger") & (events["result"] == "deposit")]
    events.loc[deposits[2], "account"] = "acct-<b>stranger</b>"
    findings = [
        row("finding", at_ns=DAY + k * 977 * S, ref=f"auth-000{k:04d}", account="acct-0000009", result="I2",
            detail=f"approved $812.40 with $799.0{k} available on acct-0000009")
        for k in range(4)
    ]  # fmt: skip
    findings.append(row("finding", at_ns=2 * DAY, ref="0x1f", result="I7", detail="0x1f burned twice for acct-0000012"))
    faults = [
        row("fault", at_ns=DAY + k * HOUR, ref="chain.rpc_timeout", result=result)
        for k in range(3)
        for result in ("injected", "observed")
    ]
    crash = row("crash", at_ns=DAY, ref="ReversalRequest", result="KeyError", detail="at reverse.py:31: 'auth-0000007'")
    return events_of(events, again, short, *findings, *faults, crash), replace(
        FACTS, id="20260302-080000-grocery_week-11", seed=11, engine="scenarios.engines.naive:build",
        command="swipelab run grocery_week --seed 11 --engine scenarios.engines.naive:build",
        budgets={**FACTS.budgets, "latency.authorise.p99_ms": 100},
    )  # fmt: skip


def empty() -> pd.DataFrame:
    """A run in which nobody swiped."""
    return events_of(row("funds", at_ns=0, ref="supply"), row("funds", at_ns=DAY, ref="supply"))


def huge() -> pd.DataFrame:
    """A run of billionaires: sums near the end of 62 bits."""
    return passing(Shape(swipes=40, accounts=3, cents=2e12, opening_cents=10**14, timeouts=0))
