"""What each product department of the Complete Journey data is sold under: merchant category code, category, reason.

The departments are the data set's own words; some mislead (its TRAVEL & LEISURE sells apples), so each was looked up in
the products that were really sold. Codes are those of ISO 18245.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Department:
    """One department and the till that its products pass."""

    name: str
    mcc: str
    category: str
    reason: str


# Whatever its department, a product type that starts with this word is pumped into a car.
FUEL_PRODUCT_TYPE = "GASOLINE"
FUEL = Department(
    "(product type GASOLINE...)", "5542", "fuel", "the pumps; one line in nine is filed under MISCELLANEOUS"
)

# Lines whose product is in no department are sold at the main till.
UNKNOWN = Department("(none)", "5411", "grocery", "products that the product table does not list")

DEPARTMENTS = (
    Department("GROCERY", "5411", "grocery", "the main till of a supermarket"),
    Department("PRODUCE", "5411", "grocery", "fruit and vegetables, weighed and paid at the main till"),
    Department("MEAT", "5411", "grocery", "fresh meat, paid at the main till"),
    Department("MEAT-PCKGD", "5411", "grocery", "packaged meat, from the shelf"),
    Department("SEAFOOD", "5411", "grocery", "fresh fish, paid at the main till"),
    Department("SEAFOOD-PCKGD", "5411", "grocery", "packaged fish, from the shelf"),
    Department("NUTRITION", "5411", "grocery", "cereal bars, soy milk, dried fruit: groceries"),
    Department("FROZEN GROCERY", "5411", "grocery", "organic fruit and vegetables, despite its name"),
    Department("CHEF SHOPPE", "5411", "grocery", "fruit and vegetables cut in the store"),
    Department("TRAVEL & LEISURE", "5411", "grocery", "apples, melons and bananas, despite its name"),
    Department("PHOTO & VIDEO", "5411", "grocery", "cooled dough and beer, despite its name"),
    Department("POSTAL CENTER", "5411", "grocery", "bags of sweets, despite its name"),
    Department("GM MERCH EXP", "5411", "grocery", "loose sweets"),
    Department("MISCELLANEOUS", "5411", "grocery", "gift cards and sundries rung up at the main till"),
    Department("COUPON", "5411", "grocery", "coupon lines; decide only where a basket holds nothing else"),
    Department("CNTRL/STORE SUP", "5411", "grocery", "bags and supplies, at the main till"),
    Department("PROD-WHS SALES", "5411", "grocery", "tickets, at the main till"),
    Department("CHARITABLE CONT", "5411", "grocery", "listed, yet nothing of it was sold in the year"),
    Department("HOUSEWARES", "5411", "grocery", "listed, yet nothing of it was sold in the year"),
    Department("ELECT &PLUMBING", "5411", "grocery", "one donation of a dollar, at the main till"),
    Department("FUEL", "5542", "fuel", "the store's pumps: authorized before the amount is known"),
    Department("DRUG GM", "5912", "drugstore", "medicines, hygiene, baby care, cigarettes, magazines"),
    Department("COSMETICS", "5977", "cosmetics", "make-up and perfume counter"),
    Department("DELI", "5499", "deli", "sliced meat, cheese and hot dishes over a counter of its own"),
    Department("PASTRY", "5462", "bakery", "bread and cakes from the in-store bakery"),
    Department("SALAD BAR", "5814", "fast_food", "fruit, salad and soup by weight, to eat at once"),
    Department("RESTAURANT", "5814", "fast_food", "coffee shop and quick service, paid at the counter"),
    Department("FLORAL", "5992", "florist", "cut flowers and plants"),
    Department("SPIRITS", "5921", "liquor", "spirits and mixed drinks, sold apart where the law asks for it"),
    Department("GARDEN CENTER", "5261", "garden", "bedding plants and hanging baskets"),
    Department("AUTOMOTIVE", "5947", "gifts", "greeting cards, despite its name"),
    Department("TOYS", "5945", "toys", "card games"),
)

# Categories in the order in which they win ties, each with its code.
CATEGORIES = {department.category: department.mcc for department in DEPARTMENTS}
