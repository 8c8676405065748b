"""What merchants ask for and what they present later: the habits that make clearing differ from authorization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.settings import Habits, Purchases

_TIP_SIGMA = 0.45
"""Spread of tips around their median: with a cap at 62 % about one in a hundred is cut."""


@dataclass(frozen=True, slots=True)
class Demands:
    """Columns parallel to the purchases, all in cents.

    ``asked`` at authorization; ``presented`` in the first clearing file; ``rest`` in the file a day later (0 for none).
    ``estimate``: the authorization is a pre-authorization. ``abandoned``: nothing is ever presented.
    """

    asked: np.ndarray
    presented: np.ndarray
    rest: np.ndarray
    estimate: np.ndarray
    abandoned: np.ndarray


def demands_of(purchases: Purchases, habits: Habits, random: np.random.Generator) -> Demands:
    """Turn true amounts into what is asked and presented; an amount given in the traffic goes before a habit."""
    mcc = np.array([merchant.mcc for merchant in purchases.merchants])[purchases.merchant]
    final = np.asarray(purchases.amount_cents, dtype=np.int64)
    given = np.asarray(purchases.authorized_cents, dtype=np.int64)
    count = len(final)
    asked, presented = final.copy(), final.copy()

    fuel = np.isin(mcc, sorted(habits.fuel_mccs))
    asked[fuel] = habits.fuel_authorize_cents

    tipped = np.isin(mcc, sorted(habits.tip_mccs)) & (random.random(count) < habits.tip_share)
    percent = np.minimum(habits.tip_median_pct * np.exp(_TIP_SIGMA * random.standard_normal(count)), habits.tip_max_pct)
    tips = np.rint(final * percent / 100).astype(np.int64)
    presented[tipped] += tips[tipped]

    asked = np.where(given >= 0, given, asked)
    presented = np.where(given >= 0, final, presented)

    split = np.isin(mcc, sorted(habits.split_mccs)) & (random.random(count) < habits.split_share) & (presented > 1)
    first = np.maximum((presented * random.uniform(0.2, 0.8, count)).astype(np.int64), 1)
    rest = np.where(split, presented - first, 0)
    presented = np.where(split, first, presented)
    abandoned = random.random(count) < habits.abandoned_share
    return Demands(asked, presented, rest, fuel, abandoned)
