"""What the arrivals are: who pays how much where, and what becomes of each. Seeded, and the same in every process.

Columns, one entry an arrival; nothing here depends on what an engine answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenarios.traces.plan import PurchasePlan

NETWORKS = ("visa", "mastercard")
NETWORK_SHARES = (0.6, 0.4)
FUNDS_CENTS = 400_000
"""Deposited on each account: less than the agreed daily limit, so that money runs out before the limit does."""
HOT_TOTAL = 1.1
"""On one hot card, all that is asked for is this many times its funds: the last part has to be declined."""
MEDIAN_CENTS, SIGMA = 1_200, 0.9
"""A lognormal amount: everyday purchases, of mean 18 dollars."""
LARGEST_CENTS = 90_000
"""Below the agreed limit of one transaction."""
SHOPS: tuple[tuple[str, str, float], ...] = (
    ("grocer", "5411", 0.26), ("diner", "5812", 0.16), ("burgers", "5814", 0.16), ("metro", "4111", 0.12),
    ("pharmacy", "5912", 0.08), ("webshop", "5964", 0.10), ("taxi", "4121", 0.05), ("streaming", "5968", 0.07),
)  # fmt: skip
"""Merchant, category and share."""
BRANCHES = 12
"""Of each merchant."""

PLAIN, RETRIED, TWIN, REVERSED, KEPT = range(5)
"""What becomes of an arrival: captured; sent again a little later; sent twice at once; taken back; left on hold.
Those sent again are captured as the plain ones are."""
RETRY_NS = (30_000_000, 1_000_000_000)
"""How long after it a retry of a request is sent, at least and at most."""
REVERSED_SHARE, KEPT_SHARE = 0.03, 0.10


@dataclass(frozen=True, slots=True)
class Traffic:
    """``account``: index; ``shop``: index into ``shops`` of (merchant, category); ``after_ns``: to a retry."""

    at_ns: np.ndarray
    account: np.ndarray
    amount_cents: np.ndarray
    shop: np.ndarray
    fate: np.ndarray
    after_ns: np.ndarray
    shops: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.at_ns)


def network_of(account: int) -> str:
    """The network of an account's card."""
    return NETWORKS[0] if (account * 7) % 10 < NETWORK_SHARES[0] * 10 else NETWORKS[1]


def drawn(at_ns: np.ndarray, seed: int, accounts: int, *, hot_card: bool, retry_share: float) -> Traffic:
    """Purchases at these instants. ``retry_share`` of them are sent twice, a third of those at once."""
    rng, count = np.random.default_rng([seed, 0xB2]), len(at_ns)
    shops = tuple((f"{name}-{branch}", mcc) for name, mcc, _ in SHOPS for branch in range(BRANCHES))
    weights = np.repeat([weight for *_, weight in SHOPS], BRANCHES) / BRANCHES
    amounts = np.clip(np.exp(rng.normal(np.log(MEDIAN_CENTS), SIGMA, count)), 50, LARGEST_CENTS)
    if hot_card:
        amounts = amounts * (HOT_TOTAL * FUNDS_CENTS / max(float(amounts.sum()), 1.0))
        amounts = np.minimum(amounts, LARGEST_CENTS)
    return Traffic(
        at_ns,
        np.zeros(count, np.int32) if hot_card else rng.integers(0, accounts, count, np.int32),
        np.maximum(amounts.astype(np.int64), 1),
        rng.choice(len(shops), count, p=weights / weights.sum()).astype(np.int32),
        *_fates(rng, count, retry_share),
        shops,
    )


def recorded(plan: PurchasePlan, at_ns: np.ndarray, seed: int, accounts: int, *, retry_share: float) -> Traffic:
    """The purchases of a trace (as many as there are instants), its cardholders dealt out to the accounts."""
    rng, count = np.random.default_rng([seed, 0xB2]), len(at_ns)
    asked = np.where(plan.authorized_cents[:count] >= 0, plan.authorized_cents[:count], plan.amount_cents[:count])
    shops = tuple((f"trace-{index}", merchant.mcc) for index, merchant in enumerate(plan.merchants))
    return Traffic(
        at_ns, plan.cardholder[:count] % accounts, np.maximum(asked, 1), plan.merchant[:count],
        *_fates(rng, count, retry_share), shops,
    )  # fmt: skip


def _fates(rng: np.random.Generator, count: int, retry_share: float) -> tuple[np.ndarray, np.ndarray]:
    drawn = rng.random(count)
    edges = np.cumsum([retry_share * 2 / 3, retry_share / 3, REVERSED_SHARE, KEPT_SHARE])
    fate = np.array([RETRIED, TWIN, REVERSED, KEPT, PLAIN], np.int8)[np.searchsorted(edges, drawn, side="right")]
    return fate, rng.integers(*RETRY_NS, count, np.int64)
