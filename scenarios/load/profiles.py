"""How long a processor waits for a decision, and what it calls itself."""

from __future__ import annotations

DEADLINES_MS: dict[str, int] = {
    "bridge": 500,
    "immersve": 1_000,
    "rapyd": 1_000,
    "stripe": 2_000,
    "adyen": 2_000,
    "airwallex": 2_500,
    "marqeta": 3_000,
    "lithic": 6_000,
}
"""From the sending of a real-time decision to its answer; later is a timeout (from the vendors' documentation)."""
DEFAULT = "stripe"
