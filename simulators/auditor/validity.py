"""How long a hold lives, looked up in the terms a second time."""

from __future__ import annotations

from typing import Any

from engine.interface import AuthorizationKind, HoldTerms, Initiator, Presence


def lifetime_ns(holds: HoldTerms, message: Any) -> int:
    """Of the hold that an authorization or an advice asks for: the first exception that fits, else by its network."""
    estimate = message.kind is AuthorizationKind.PREAUTHORIZATION
    for row in holds.exceptions:
        if (
            (row.network is None or row.network == message.network)
            and (row.estimate is None or row.estimate == estimate)
            and (row.presence is None or row.presence == message.presence)
            and (row.initiator is None or row.initiator == message.initiator)
            and (row.mccs is None or message.mcc in row.mccs)
        ):
            return row.validity_ns
    return holds.preauthorization_ns if estimate else holds.validity_ns.get(message.network, holds.default_validity_ns)


def plain_ns(holds: HoldTerms, network: str) -> int:
    """Of a purchase in person on a network, where that does not depend on the merchant; else 0."""
    for row in holds.exceptions:
        if (
            (row.network is None or row.network == network)
            and row.estimate is not True
            and row.presence in (None, Presence.PRESENT)
            and row.initiator in (None, Initiator.CARDHOLDER)
        ):
            return 0
    return holds.validity_ns.get(network, holds.default_validity_ns)


def all_ns(holds: HoldTerms) -> list[int]:
    """Every lifetime that there is."""
    rows = [row.validity_ns for row in holds.exceptions]
    return [*rows, *holds.validity_ns.values(), holds.default_validity_ns, holds.preauthorization_ns]
