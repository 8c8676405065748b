"""What explains a break: one rule a reason, each only on evidence that is in the events.

A rule sees the breaks of one leg and marks those that it explains. What no rule explains fails the reconciliation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Horizon:
    """The end of the run, and how long before it something may still be under way (ns)."""

    end_ns: int
    settlement_bound_ns: int
    notice_bound_ns: int

    @property
    def settling_from_ns(self) -> int:
        return self.end_ns - self.settlement_bound_ns

    @property
    def noticed_from_ns(self) -> int:
        return self.end_ns - self.notice_bound_ns


MEANINGS: dict[tuple[str, str], str] = {
    ("network_ledger", "missing_in_ledger"): "a presentment was sent and the ledger has no capture of it",
    ("network_ledger", "missing_in_network"): "the ledger has a capture that no network presented",
    ("network_ledger", "amount_differs"): "the ledger captured another amount than was presented",
    ("network_ledger", "duplicate_in_ledger"): "one presentment was captured more than once",
    ("network_ledger", "answer_differs"): "the engine answered one amount and booked another",
    ("network_ledger", "wrong_account"): "the capture is booked on another account than was answered for",
    ("ledger_chain", "missing_on_chain"): "the ledger says settled and the chain burned nothing",
    ("ledger_chain", "missing_in_ledger"): "the chain burned and the ledger has no settlement of it",
    ("ledger_chain", "amount_differs"): "the chain burned another amount than the ledger settled",
    ("ledger_chain", "burned_twice"): "the chain burned more than once for one settlement and user",
    ("ledger_chain", "settled_twice_in_ledger"): "one burn is in the ledger more than once",
    ("ledger_chain", "not_settled"): "an account's settlements are less than was captured of it",
    ("ledger_chain", "settled_too_much"): "an account's settlements are more than was captured of it",
    ("funding_ledger", "deposit_missing_in_ledger"): "a deposit is on chain and was never credited",
    ("funding_ledger", "deposit_missing_on_chain"): "a deposit was credited that is not on chain",
    ("funding_ledger", "deposit_amount_differs"): "another amount was credited than deposited",
    ("funding_ledger", "deposit_twice_in_ledger"): "one deposit was credited more than once",
    ("funding_ledger", "deposit_wrong_account"): "a deposit was credited to another account",
    ("funding_ledger", "withdrawal_missing_in_ledger"): "a payout is on chain and not in the ledger",
    ("funding_ledger", "withdrawal_missing_on_chain"): "the ledger has a payout that is not on chain",
    ("funding_ledger", "withdrawal_amount_differs"): "the ledger has another amount than was paid out",
    ("funding_ledger", "withdrawal_twice_in_ledger"): "one payout is in the ledger more than once",
    ("funding_ledger", "withdrawal_wrong_account"): "a payout is booked on another account",
}
"""What each kind of break says, by leg and kind."""

Rule = Callable[[pd.DataFrame, Horizon], pd.Series]


def file_not_yet_answered(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    return (breaks["kind"] == "missing_in_ledger") & ~breaks["answered"] & (breaks["at_ns"] >= horizon.noticed_from_ns)


def card_is_unknown(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    return (breaks["kind"] == "missing_in_ledger") & breaks["unknown_card"] & ~breaks["card_known"]


def balance_was_short(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    unburned = breaks["kind"].isin(["amount_differs", "missing_on_chain"])
    return unburned & (breaks["shortfall"] > 0) & (breaks["shortfall"] == breaks["expected"] - breaks["actual"])


def burn_under_way(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    return (breaks["kind"] == "missing_on_chain") & (breaks["at_ns"] >= horizon.settling_from_ns)


def burn_not_yet_final(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    return (breaks["kind"] == "missing_in_ledger") & (breaks["at_ns"] >= horizon.settling_from_ns)


def waits_for_settlement(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    return (breaks["kind"] == "not_settled") & (breaks["expected"] - breaks["actual"] <= breaks["recent"])


def chain_event_not_yet_told(breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    missing = breaks["kind"].isin(["deposit_missing_in_ledger", "withdrawal_missing_in_ledger"])
    return missing & ~breaks["notified"] & (breaks["at_ns"] >= horizon.noticed_from_ns)


RULES: dict[str, tuple[tuple[Rule, str], ...]] = {
    "network_ledger": (
        (file_not_yet_answered, "its clearing file was sent just before the run ended and was not answered yet"),
        (card_is_unknown, "the engine knows no such card: nothing was posted, the record waits for a person"),
    ),
    "ledger_chain": (
        (balance_was_short, "the customer's balance on chain was short by exactly this: booked as receivable"),
        (burn_under_way, "settled in the ledger just before the run ended; the burn was under way"),
        (burn_not_yet_final, "burned just before the run ended; the engine waits until the block is final"),
        (waits_for_settlement, "captured just before the run ended; the next settlement had not come yet"),
    ),
    "funding_ledger": (
        (chain_event_not_yet_told, "it came into a block just before the run ended and had too few confirmations"),
    ),
}


def explain(leg: str, breaks: pd.DataFrame, horizon: Horizon) -> pd.Series:
    """What explains each break, in words; "" where nothing does. The first rule that holds is named."""
    found = pd.Series("", index=breaks.index, dtype=object)
    if len(breaks):
        for rule, reason in RULES[leg]:
            found[(found == "") & rule(breaks, horizon).astype(bool)] = reason
    return found
