"""Authorize: decide, set the funds aside, make both durable, answer.

Three port calls on the way: the cache (key claimed, card read), the hold store (funds and limits taken), the ledger
(hold and answer committed). An approval is answered only after that commit. Cache and hold store may have forgotten, or
remember what is no longer so: the ledger refuses what rests on that, and the decision is made again. Whatever goes
wrong, the network hears within the decision budget, a decline where that can be kept and an error where it cannot, and
what may have been taken is given back behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.domain import ledger as journal
from engine.domain.accounts import Account, Card
from engine.domain.authorization import Authorization, Status
from engine.domain.decide import standing
from engine.domain.decline import DeclineReason
from engine.domain.ledger import Answer, Commit, Recorded, Rows, Touch
from engine.domain.money import USDC6_PER_CENT, usdc6_of
from engine.domain.scopes import ACCOUNT, Scope, scopes_of
from engine.domain.terms import SECOND_NS, Terms
from engine.interface import (
    AuthorizationKind,
    AuthorizationRequest,
    AuthorizationResponse,
    NotSupported,
    RequestInFlight,
)
from engine.ports import Hold, Ports, PortUnavailable, Unplaced
from engine.services.answering import account_in, approved, declined, fingerprint_of, same, unavailable
from engine.services.background import Background
from engine.services.budget import Budget
from engine.services.images import Images
from engine.services.increase import Increase
from engine.services.inquire import Inquire
from engine.services.sweep import Sweep

_ESTIMATE = AuthorizationKind.PREAUTHORIZATION
_INQUIRY = AuthorizationKind.BALANCE_INQUIRY
_Decider = Callable[[AuthorizationRequest, bytes], Awaitable[AuthorizationResponse | None]]
DECIDING_SHARE = 0.8
"""Of the budget. The rest is kept for making sure, where deciding took too long, that the decline is what stands."""
TWIN_POLL_S = 0.020
"""How often a request asks whether its twin has been answered."""


class Authorize:
    """The verb, with what it needs."""

    def __init__(self, ports: Ports, terms: Terms, background: Background, images: Images, sweep: Sweep) -> None:
        self._ports = ports
        self._sweep = sweep
        self._is_new = True
        self._images = images
        self._terms = terms
        self._usual = (Scope(ACCOUNT, terms.limits),)
        self._background = background
        self._budget_s = terms.decision_budget_ns / SECOND_NS
        self._deciding = Budget(self._budget_s * DECIDING_SHARE)
        self._lifetimes_ns: dict[tuple[str, ...], int] = {}
        inquire = Inquire(ports, terms)
        self._deciders: dict[AuthorizationKind, _Decider] = {
            AuthorizationKind.PURCHASE: self._decide,
            AuthorizationKind.PREAUTHORIZATION: self._decide,
            AuthorizationKind.CASH_WITHDRAWAL: self._decide,
            AuthorizationKind.INCREMENTAL: Increase(ports, terms, images),
            AuthorizationKind.BALANCE_INQUIRY: inquire,
            AuthorizationKind.REFUND: inquire,
        }

    async def __call__(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Answer within the decision budget. Raises IdempotencyConflict, RequestInFlight, NotSupported."""
        if self._is_new:
            self._is_new = False
            self._background.until_done(self._sweep.early, "early sweep")
        decide = self._deciders.get(request.kind)
        if decide is None:
            raise NotSupported(f"no authorization of kind {request.kind}")
        valid = request.amount_cents > 0 if request.kind is not _INQUIRY else request.amount_cents == 0
        if not valid:
            return await self._invalid(request)
        try:
            with self._deciding.limit():
                response = await decide(request, fingerprint_of(request))
        except (TimeoutError, PortUnavailable):
            return await self._give_up(request)
        return response if response is not None else await self._replay(request)

    async def _decide(self, request: AuthorizationRequest, fingerprint: bytes) -> AuthorizationResponse | None:
        """The decision that sets funds aside, committed; None where this key has been claimed or answered before.

        The ledger refuses a decision that rests on a memory which is no longer true; then it is made again.
        """
        ports, terms = self._ports, self._terms
        authorization_id, amount_cents = request.authorization_id, request.amount_cents
        amount_usdc6, stale_epoch = usdc6_of(amount_cents), -1
        seen, card, account, view = await ports.cache.begin(request.idempotency_key, request.card_id)
        if seen:
            return None
        while True:
            if card is None:
                card, account, view = await self._look_up(request.card_id)
            at_ns = ports.clock.now_ns()
            epoch, account_id = 0, "" if account is None else account.account_id
            reason = standing(card, account, at_ns, terms)
            if reason is None:
                hold = Hold(
                    authorization_id, account_id, amount_usdc6, amount_cents, at_ns, request.card_id, request.mcc,
                    card.counter_id, card.mandate_id,
                )  # fmt: skip
                epoch, reason, available_usdc6 = await ports.holds.place(hold, scopes_of(card, account, self._usual))
                if reason.__class__ is Unplaced or epoch == stale_epoch:
                    if reason is Unplaced.TAKEN and await self._known(request):
                        return await self._decline_taken(request, fingerprint)
                    await self._images.load(account_id)
                    continue
                if (
                    reason is DeclineReason.INSUFFICIENT_FUNDS
                    and request.partial_supported
                    and available_usdc6 >= USDC6_PER_CENT
                ):
                    amount_cents = min(available_usdc6 // USDC6_PER_CENT, amount_cents - 1)
                    amount_usdc6 = usdc6_of(amount_cents)
                    continue
            if reason is not None:
                response = declined(authorization_id, reason)
                commit = Commit(
                    answers=(Answer(request.idempotency_key, fingerprint, response),),
                    ref=authorization_id, account_id=account_id, epoch=epoch, view=view,
                )  # fmt: skip
            else:
                lifetime_ns = self._lifetime_ns(request)
                response = approved(request, amount_cents, at_ns + lifetime_ns)
                authorization = Authorization(
                    authorization_id, account_id, request.network, amount_cents, amount_cents, 0,
                    Status.OPEN, at_ns, at_ns + lifetime_ns, request.card_id, request.mcc, 0, 0, 0,
                    card.counter_id, card.mandate_id,
                )  # fmt: skip
                commit = Commit(
                    (journal.hold(authorization_id, account_id, at_ns, amount_usdc6),),
                    (authorization,),
                    (Answer(request.idempotency_key, fingerprint, response),),
                    account_id=account_id, epoch=epoch, view=view,
                )  # fmt: skip
            recorded = await ports.ledger.record(commit)
            if recorded is Recorded.DONE:
                return response
            if recorded is Recorded.STALE:
                stale_epoch = epoch  # somebody has made a new image, or is about to: only then is there need of another
            elif recorded is Recorded.OUTDATED:
                card = None
            elif epoch:
                await self._images.renew(account_id)
            if recorded is Recorded.ANSWERED:
                return None
            if recorded is Recorded.EXISTS:
                return await self._decline_taken(request, fingerprint, reason)
            amount_cents, amount_usdc6 = request.amount_cents, usdc6_of(request.amount_cents)

    def _lifetime_ns(self, request: AuthorizationRequest) -> int:
        """How long its hold lives; looked up once for each sort of request."""
        sort = (request.network, request.kind, request.presence, request.initiator, request.mcc)
        lifetime_ns = self._lifetimes_ns.get(sort)
        if lifetime_ns is None:
            lifetime_ns = self._lifetimes_ns[sort] = self._terms.holds.lifetime_ns(
                request.network,
                preauthorization=request.kind is _ESTIMATE,
                presence=request.presence,
                initiator=request.initiator,
                mcc=request.mcc,
            )
        return lifetime_ns

    async def _look_up(self, card_id: str) -> tuple[Card | None, Account | None, int]:
        """What the ledger says of a card that the cache does not know, or knows an old view of."""
        found = await self._ports.ledger.card(card_id)
        if found is None:
            return None, None, 0
        await self._ports.cache.put_account(found.account, (found.card,), found.view)
        return found

    async def _known(self, request: AuthorizationRequest) -> bool:
        """Whether the ledger has an answer under this key, or this authorization."""
        touch = Touch(authorizations=(request.authorization_id,), keys=(request.idempotency_key,))
        rows: Rows = (await self._ports.ledger.update(touch, lambda rows: Commit(result=rows))).result
        return bool(rows.answers or rows.authorizations)

    async def _decline_taken(
        self, request: AuthorizationRequest, fingerprint: bytes, other: DeclineReason | None = None
    ) -> AuthorizationResponse | None:
        """The authorization id is taken: by another key, whose hold stays, or by a reversal that came first.

        That a reversal came first is said where there is no ``other`` reason.
        """

        def transition(rows: Rows) -> Commit:
            if rows.answers:
                return Commit()
            known = rows.authorizations.get(request.authorization_id)
            reason = DeclineReason.INVALID_TRANSACTION
            if known is not None and known.status is Status.REVERSED:
                reason = other or DeclineReason.REVERSED_BEFORE_ARRIVAL
            response = declined(request.authorization_id, reason)
            return Commit(answers=(Answer(request.idempotency_key, fingerprint, response),), result=response)

        touch = Touch(authorizations=(request.authorization_id,), keys=(request.idempotency_key,))
        return (await self._ports.ledger.update(touch, transition)).result

    async def _invalid(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """A body that can never be right is refused and not stored; under a key that is known it is a conflict."""
        try:
            with self._deciding.limit():
                stored = await self._ports.ledger.answer(request.idempotency_key)
        except (TimeoutError, PortUnavailable):
            stored = None  # nothing is done either way
        return (
            declined(request.authorization_id, DeclineReason.INVALID_AMOUNT)
            if stored is None
            else same(stored, request)
        )

    async def _replay(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """The answer of the first request under this key, waiting for it a while where it is still in flight.

        Whoever claimed the key and has not answered within its budget has died: the key is settled without it.
        """
        waited_s = 0.0
        try:
            async with asyncio.timeout(2 * self._budget_s):
                while (stored := await self._ports.ledger.answer(request.idempotency_key)) is None:
                    if waited_s > self._budget_s:
                        return await self._settle(request)
                    await asyncio.sleep(TWIN_POLL_S)
                    waited_s += TWIN_POLL_S
        except (TimeoutError, PortUnavailable) as error:
            raise RequestInFlight(f"{request.idempotency_key}: the first answer cannot be read now") from error
        return same(stored, request)

    async def _give_up(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """Out of time, or a store did not answer: what the ledger has is the answer, and a decline if it has none.

        Raises PortUnavailable where the ledger does not tell in time. This may be a repeat of what was approved long
        ago, so a decline that is not stored could be a second answer. What may have been placed is given back.
        """
        try:
            async with asyncio.timeout(self._budget_s * (1 - DECIDING_SHARE)):
                return await self._settle(request)
        except (TimeoutError, PortUnavailable) as error:
            self._background.until_done(lambda: self._forget_hold(request), f"image behind {request.card_id}")
            raise PortUnavailable(f"{request.idempotency_key}: the ledger cannot be asked now") from error

    async def _settle(self, request: AuthorizationRequest) -> AuthorizationResponse:
        """The stored answer; a decline is stored if there is none. From then on nothing else can be recorded."""
        answer = unavailable(request)

        def transition(rows: Rows) -> Commit:
            stored = rows.answers.get(answer.key)
            if stored is not None:
                return Commit(result=(stored, ""))
            return Commit(answers=(answer,), result=(answer, account_in(rows, request)))

        touch = Touch(cards=(request.card_id,), keys=(answer.key,))
        stored, account_id = (await self._ports.ledger.update(touch, transition)).result
        if account_id:
            self._background.until_done(lambda: self._images.renew(account_id), f"image of {account_id}")
        return same(stored, request)

    async def _forget_hold(self, request: AuthorizationRequest) -> None:
        """Have the hold store forget what this request placed, unless the ledger has it; a retry decides anew."""
        found = await self._ports.ledger.card(request.card_id)
        if found is not None:
            await self._images.renew(found.account.account_id)
