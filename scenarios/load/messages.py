"""The messages of a load run, made of an arrival's number: in the worker as bytes, for the auditor as values.

Both sides make them of the same columns, so that only the number has to be written down. Every name carries the run's
prefix: two runs at one engine do not meet.
"""

from __future__ import annotations

import hashlib

from engine.interface import (
    AccountOpening,
    AuthorizationRequest,
    CardOpening,
    ClearingBatch,
    DepositNotice,
    Presentment,
    ReversalRequest,
)
from scenarios.load.traffic import FUNDS_CENTS, Traffic, network_of

USDC6_PER_CENT = 10_000
NEVER_NS = 2**62


class Messages:
    """``start_utc_ns`` is the UTC instant from which the arrivals count."""

    def __init__(self, traffic: Traffic, prefix: str, start_utc_ns: int) -> None:
        self._traffic = traffic
        self._prefix = prefix
        self._start_utc_ns = start_utc_ns
        self._cards: dict[int, tuple[str, str]] = {}

    def account_id(self, account: int) -> str:
        return f"{self._prefix}a{account}"

    def card(self, account: int) -> tuple[str, str]:
        """Card id and network; one card an account."""
        known = self._cards.get(account)
        if known is None:
            known = self._cards[account] = (f"{self._prefix}c{account}", network_of(account))
        return known

    def account_of(self, seq: int) -> int:
        return int(self._traffic.account[seq])

    def authorization_id(self, seq: int) -> str:
        return f"{self._prefix}s{seq}"

    # ---- as bytes --------------------------------------------------------------------------------------------------

    def authorization_body(self, seq: int) -> bytes:
        """What :meth:`authorization` is on the wire; written out, since it is made for each arrival."""
        traffic = self._traffic
        card, network = self.card(int(traffic.account[seq]))
        merchant, mcc = traffic.shops[traffic.shop[seq]]
        name = f"{self._prefix}s{seq}"
        return (
            f'{{"idempotency_key":"{name}","authorization_id":"{name}","card_id":"{card}",'
            f'"amount_cents":{traffic.amount_cents[seq]},"network":"{network}","merchant_id":"{merchant}",'
            f'"mcc":"{mcc}","sent_at_ns":{self._start_utc_ns + int(traffic.at_ns[seq])}}}'
        ).encode()

    # ---- as values -------------------------------------------------------------------------------------------------

    def authorization(self, seq: int) -> AuthorizationRequest:
        traffic = self._traffic
        card, network = self.card(int(traffic.account[seq]))
        merchant, mcc = traffic.shops[traffic.shop[seq]]
        name = self.authorization_id(seq)
        sent_at_ns = self._start_utc_ns + int(traffic.at_ns[seq])
        return AuthorizationRequest(
            name, name, card, int(traffic.amount_cents[seq]), network, merchant, mcc, sent_at_ns
        )

    def reversal(self, seq: int, at_ns: int) -> ReversalRequest:
        """Of the whole; ``at_ns`` from the start of the arrivals."""
        card, network = self.card(self.account_of(seq))
        name = self.authorization_id(seq)
        return ReversalRequest(f"{name}:r", name, card, network, self._start_utc_ns + at_ns)

    def batch(self, worker: int, number: int, at_ns: int, sales: list[tuple[int, int]]) -> ClearingBatch:
        """A clearing batch of one worker: (arrival, cents) each."""
        name = f"{self._prefix}f{worker}.{number}"
        presentments = tuple(self._presentment(seq, cents) for seq, cents in sales)
        return ClearingBatch(name, presentments[0].network, name, self._start_utc_ns + at_ns, presentments)

    def _presentment(self, seq: int, cents: int) -> Presentment:
        card, network = self.card(self.account_of(seq))
        return Presentment(self.presentment_id(seq), self.authorization_id(seq), card, network, cents)

    def presentment_id(self, seq: int) -> str:
        return f"{self._prefix}p{seq}"

    def opening(self, account: int) -> AccountOpening:
        name = self.account_id(account)
        address = "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]
        card, network = self.card(account)
        return AccountOpening(name, address, (CardOpening(card, network, NEVER_NS),))

    def deposit(self, account: int) -> DepositNotice:
        name = self.account_id(account)
        transaction = hashlib.sha256(f"{name}:deposit".encode()).hexdigest()
        return DepositNotice(f"0x{transaction}:0", name, FUNDS_CENTS * USDC6_PER_CENT, 1)
