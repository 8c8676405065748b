"""Where synthetic traffic's default figures come from. "measured" ones were fitted to the 155,370 purchases of the year
that `completejourney.py` imports (maximum likelihood on logarithms; a test refits them); "assumed" ones are round
figures that nobody measured for this project, to be replaced by your own.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class CategorySpec:
    """One kind of purchase. Amounts are lognormal, rounded to cents, then moved into [min_cents, max_cents].

    name           the category that reports group by, and the stem of its merchants' ids
    mcc            merchant category code, 4 digits
    share          relative frequency among the categories
    merchants      how many there are
    median_cents   median of the amount, US cents
    sigma          spread: sigma of the amount's natural logarithm
    min_cents      smallest amount, US cents
    max_cents      largest amount, US cents
    """

    name: str
    mcc: str
    share: float
    merchants: int
    median_cents: int
    sigma: float
    min_cents: int = 50
    max_cents: int = 100_000


# Shares are assumed throughout (no public source gives them by card swipe and merchant category code).
CATEGORIES = (
    CategorySpec("grocery", "5411", 0.22, 200, 1_721, 1.26),  # measured, 112,208 purchases
    CategorySpec(
        "fuel", "5542", 0.10, 120, 2_292, 0.58, 300, 25_000
    ),  # measured, 14,682; the final amount, not the hold
    CategorySpec("drugstore", "5912", 0.05, 60, 938, 1.19),  # measured, 19,473
    CategorySpec("restaurant", "5812", 0.16, 300, 2_600, 0.70),  # assumed; mean $33, before any tip
    CategorySpec("fast_food", "5814", 0.16, 200, 950, 0.50),  # assumed; the measured 410 is a supermarket's salad bar
    CategorySpec("transit", "4111", 0.10, 4, 290, 0.30, 100, 10_000),  # assumed; around a city fare
    CategorySpec("taxi", "4121", 0.04, 40, 1_600, 0.50, 300),  # assumed
    CategorySpec("online_retail", "5964", 0.14, 500, 4_100, 1.00, 100, 500_000),  # assumed; mean $68
    CategorySpec("subscription", "5968", 0.02, 30, 1_299, 0.40, 99),  # assumed
    CategorySpec("hotel", "7011", 0.01, 80, 24_000, 0.60, 4_000, 1_000_000),  # assumed; a stay, not a night
)

# Purchases by local hour (midnight first) and weekday (Monday first): measured, all 155,370. Note that supermarkets
# set them: people eat out later than they shop.
# fmt: off
HOUR_WEIGHTS = (
    1_133, 556, 694, 265, 205, 359, 1_070, 2_204, 3_277, 4_651, 6_917, 9_261,
    10_488, 10_581, 11_025, 11_961, 13_930, 15_535, 14_540, 12_338, 10_020, 7_493, 4_598, 2_269,
)
# fmt: on
WEEKDAY_WEIGHTS = (21_875, 20_824, 20_478, 20_747, 21_463, 24_627, 25_356)
ZONE = "America/New_York"

ACTIVITY_SIGMA = 1.13  # measured: sigma of the logarithm of purchases per household, 2,469 households
MERCHANT_ZIPF = 1.0  # assumed: the classic law
