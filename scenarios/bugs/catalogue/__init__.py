"""Every planted bug, by id: one module for each family."""

from __future__ import annotations

from scenarios.bugs.catalogue import (
    cache_loss,
    funding,
    idempotency,
    lifecycle,
    limits,
    messages,
    money,
    races,
    secrecy,
    settlement,
    stand_in,
)
from scenarios.bugs.catalogue.planned import PLANNED
from scenarios.bugs.record import Bug

__all__ = ["CATALOGUE", "PLANNED"]

_FAMILIES = (money, races, idempotency, limits, lifecycle, messages, stand_in, settlement, funding, cache_loss, secrecy)
CATALOGUE: dict[str, Bug] = {bug.id: bug for family in _FAMILIES for bug in family.BUGS}
