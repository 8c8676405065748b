"""Messages by hand: an auditor, and the shortest way to tell it that something was sent and answered."""

from __future__ import annotations

from typing import Any

from engine.interface import (
    RESPONSE_CODES,
    AccountOpening,
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CaptureOutcome,
    CaptureResult,
    CardOpening,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    DepositNotice,
    EngineError,
    ExpiryReceipt,
    NoticeReceipt,
    Presentment,
    ReversalRequest,
    ReversalResponse,
    Terms,
    WithdrawalNotice,
    WithdrawalStage,
)
from simulators.auditor import Auditor, ChainEvent, Tick

MS = 1_000_000
SECOND_NS = 1_000 * MS
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
START_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00:00Z, a Sunday and the first of a month."""
USDC6 = 10_000
APPROVED: dict[str, int] = {}
"""What the latest feed has approved, in cents: a final presentment frees the rest."""
TERMS = Terms()


class Feed:
    """Time moves 10 ms with each exchange unless ``now_ns`` is set; ``ada`` has one visa card and nothing else.

    Refusals are not judged unless ``patience_ns`` is given.
    """

    def __init__(self, terms: Terms = TERMS, cents: int = 10_000, **settings: Any) -> None:
        pans = settings.pop("pans", {})
        self.auditor = Auditor(terms, **{"patience_ns": None} | settings)
        self.terms = terms
        self.now_ns = START_NS + HOUR_NS
        self._refs = 0
        APPROVED.clear()
        for account_id in ("ada", "bob"):
            card = CardOpening(f"{account_id}-card", "visa", 2**62, pan=pans.get(account_id, ""))
            self.auditor.opened(self.now_ns, AccountOpening(account_id, f"0x{account_id}", (card,)))
        if cents:
            self.deposit(cents)

    @property
    def found(self) -> list[str]:
        """The invariants that broke, in order."""
        return [finding.invariant for finding in self.auditor.findings]

    @property
    def message(self) -> str:
        """What the only finding says."""
        (finding,) = self.auditor.findings
        return finding.message

    def pass_(self, for_ns: int) -> None:
        """Let time pass."""
        self.now_ns += for_ns

    def send(self, message: Any) -> Any:
        self.auditor.sent(self.now_ns, message)
        return message

    def answer(self, message: Any, answer: Any) -> None:
        self.now_ns += 10 * MS
        self.auditor.answered(self.now_ns, message, answer)

    def fail(self, message: Any) -> None:
        self.now_ns += 10 * MS
        self.auditor.failed(self.now_ns, message, EngineError("no answer"))

    def tell(self, message: Any, answer: Any) -> Any:
        self.send(message)
        self.answer(message, answer)
        return message

    def ref(self, kind: str) -> str:
        self._refs += 1
        return f"{kind}{self._refs}"

    # ---- one exchange each ------------------------------------------------------------------------------------------

    def request(self, cents: int, ref: str = "", card: str = "ada-card", key: str = "", **changes: Any) -> Any:
        ref = ref or self.ref("a")
        return AuthorizationRequest(
            key or ref, ref, card, cents, changes.get("network", "visa"), "shop", "5411",
            changes.get("sent_at_ns", self.now_ns), changes.get("kind", AuthorizationKind.PURCHASE),
        )  # fmt: skip

    def open(self, *cards: CardOpening, tell: bool = True, **changes: Any) -> AccountOpening:
        """Ada's account, opened again; ``changes`` of the opening."""
        opening = AccountOpening("ada", "0xada", cards or (CardOpening("ada-card", "visa", 2**62),), **changes)
        self.auditor.opened(self.now_ns, opening)
        return self.tell(opening, None) if tell else self.send(opening)

    def approval(self, request: AuthorizationRequest, cents: int = -1, until_ns: int = 0) -> AuthorizationResponse:
        estimate = request.kind is AuthorizationKind.PREAUTHORIZATION
        lifetime_ns = self.terms.holds.lifetime_ns(request.network, preauthorization=estimate)
        cents = request.amount_cents if cents < 0 else cents
        APPROVED[request.authorization_id] = cents
        return AuthorizationResponse(
            request.authorization_id, True, cents, "00", None, until_ns or self.now_ns + lifetime_ns
        )

    def approve(self, cents: int, ref: str = "", **changes: Any) -> str:
        request = self.request(cents, ref, **changes)
        self.send(request)
        self.answer(request, self.approval(request))
        return request.authorization_id

    def decline(self, cents: int, ref: str = "", reason: DeclineReason = DeclineReason.INSUFFICIENT_FUNDS) -> str:
        request = self.request(cents, ref)
        self.tell(request, declined(request, reason))
        return request.authorization_id

    def reverse(self, ref: str, freed_cents: int, key: str = "") -> None:
        request = ReversalRequest(key or f"{ref}:reversal", ref, "ada-card", "visa", self.now_ns)
        self.tell(request, ReversalResponse(ref, freed_cents))

    def batch(self, *parts: tuple[str, int, bool], key: str = "", card: str = "ada-card") -> ClearingBatch:
        presentments = tuple(
            Presentment(self.ref(f"{ref}."), ref, card, "visa", cents, final) for ref, cents, final in parts
        )
        return ClearingBatch(key or self.ref("batch"), "visa", "file", self.now_ns, presentments)

    def capture(self, ref: str, cents: int, *, final: bool = True, owed_cents: int = 0) -> str:
        """Posted in full; the presentment's id."""
        batch = self.batch((ref, cents, final))
        self.tell(batch, posted(batch, owed_cents=owed_cents))
        return batch.presentments[0].presentment_id

    def deposit(self, cents: int, ref: str = "", account_id: str = "ada", usdc6: int = 0) -> DepositNotice:
        ref, usdc6 = ref or self.ref("0xd:"), usdc6 or cents * USDC6
        self.chain("CardDeposit", usdc6, ref=ref, account_id=account_id)
        notice = DepositNotice(ref, account_id, usdc6, 1)
        return self.tell(notice, NoticeReceipt(ref, True))

    def withdraw(self, stage: WithdrawalStage, cents: int, *, told: bool = True) -> WithdrawalNotice:
        ref = self.ref("0xw:")
        self.chain(f"Withdrawal{stage.capitalize()}", cents * USDC6, ref=ref)
        notice = WithdrawalNotice(ref, "ada", stage, cents * USDC6, 1)
        if told:
            self.tell(notice, NoticeReceipt(ref, True))
        return notice

    def expire(self, *refs: str, now_ns: int = 0) -> None:
        self.tell(Tick("expire", now_ns or self.now_ns), ExpiryReceipt(refs))

    def chain(self, kind: str, usdc6: int, settlement: str = "", ref: str = "", account_id: str = "ada") -> None:
        self.auditor.chain(self.now_ns, ChainEvent(kind, account_id, usdc6, settlement, ref or self.ref("0xt:")))

    def burn(self, cents: int, settlement: str = "", ref: str = "") -> None:
        settlement = settlement or self.ref("0xs")
        self.chain("CardSettlement", cents * USDC6, settlement, ref or f"{settlement}-tx:0")

    def balance(
        self, available: int = 0, held: int = 0, unsettled: int = 0, withdrawing: int = 0, receivable: int = 0,
        more_usdc6: int = 0,
    ) -> None:  # fmt: skip
        """In cents; ``more_usdc6`` is added to what is available."""
        self.auditor.balance(
            self.now_ns,
            Balance(
                "ada", available * USDC6 + more_usdc6, held * USDC6, unsettled * USDC6, withdrawing * USDC6,
                receivable * USDC6,
            ),
        )  # fmt: skip


def declined(request: AuthorizationRequest, reason: DeclineReason) -> AuthorizationResponse:
    return AuthorizationResponse(request.authorization_id, False, 0, RESPONSE_CODES[reason], reason, 0)


def posted(batch: ClearingBatch, *, owed_cents: int = 0, more_cents: int = 0) -> ClearingReceipt:
    """Everything posted; ``more_cents`` wrongly so."""
    return ClearingReceipt(
        batch.file_id,
        tuple(
            CaptureResult(
                p.presentment_id,
                CaptureOutcome.POSTED,
                p.amount_cents + more_cents,
                max(APPROVED.get(p.authorization_id, 0) - p.amount_cents, 0) if p.final else 0,
                owed_cents,
            )
            for p in batch.presentments
        ),
    )
