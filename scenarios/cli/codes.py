"""Exit codes, as scripts rely on them."""

from __future__ import annotations

PASSED = 0
FAILED = 1
"""A check failed: a budget, an invariant, the reconciliation."""
BAD_INPUT = 2
"""Bad usage or bad input."""
FAULT = 3
"""A fault of Swipelab."""
STOPPED = 130
"""Ctrl-C."""
TERMINATED = 143
