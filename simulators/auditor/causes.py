"""Why something that counts in limits may have come back."""

from __future__ import annotations

from enum import Enum


class Cause(Enum):
    ANYHOW = 0
    """Whatever the policy of the limits says."""
    REVERSAL = 1
    EXPIRY = 2


ANYHOW, REVERSAL, EXPIRY = Cause
