"""What the reference engine knows, and what each verb does to it: synchronous, one statement after the other.

The rules are written here a second time, apart from ``engine/domain``: the containers in ``reference_book``, decisions
and holds in ``reference_decisions``, limits in ``reference_limits``, clearing files and disputes in
``reference_clearing``, deposits, withdrawals and settlements in ``reference_funding``.
"""

from __future__ import annotations

from scenarios.engines.reference_clearing import Clearing
from scenarios.engines.reference_decisions import Decisions, declined
from scenarios.engines.reference_funding import Funding

__all__ = ["State", "declined"]


class State(Decisions, Clearing, Funding):
    """Everything that the reference engine keeps, but for stored answers. No method awaits."""
