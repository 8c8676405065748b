"""Increase: a merchant asks for more on an open authorization; a new decision, the same hold."""

from __future__ import annotations

from engine.domain import ledger as journal
from engine.domain.authorization import Authorization, Status
from engine.domain.decide import standing
from engine.domain.decline import APPROVED_CODE, DeclineReason
from engine.domain.ledger import Answer, Commit, Rows, Standing, Touch
from engine.domain.lifecycle import Event, outcome
from engine.domain.money import usdc6_of
from engine.domain.scopes import ACCOUNT, Scope, Scopes, scopes_of
from engine.domain.terms import Terms
from engine.interface import AuthorizationRequest, AuthorizationResponse
from engine.ports import Hold, Ports, Unplaced
from engine.services.answering import declined
from engine.services.images import Images

_STALE = object()
_OUTDATED = object()
_NOBODY = (None, None, 0)


class Increase:
    """Decides a request of kind INCREMENTAL. It counts in the limit windows of the decision that it adds to."""

    def __init__(self, ports: Ports, terms: Terms, images: Images) -> None:
        self._ports = ports
        self._images = images
        self._terms = terms
        self._usual = (Scope(ACCOUNT, terms.limits),)

    async def __call__(self, request: AuthorizationRequest, fingerprint: bytes) -> AuthorizationResponse | None:
        """The decision, committed; None where this key has been answered before."""
        stale_epoch, looked_again = -1, False
        while True:
            known, (card, account, view), reason = await self._standing(request)
            epoch = 0
            if reason is None:
                epoch, reason = await self._place(request, known, scopes_of(card, account, self._usual))
                if reason.__class__ is Unplaced or epoch == stale_epoch:
                    await self._images.load(known.account_id)
                    continue
                if reason is not None and not looked_again:
                    # What stands in the way may be this very increment, placed under its key before a crash: the hold
                    # store cannot tell one increment from another, and an image made anew does not have it.
                    looked_again = True
                    await self._images.renew(known.account_id)
                    continue
            answer = await self._commit(request, fingerprint, known, view, reason, epoch)
            if answer is _STALE:
                stale_epoch = epoch
                continue
            if answer is _OUTDATED:
                await self._images.renew(known.account_id)
                continue
            if epoch and reason is None and (answer is None or not answer.approved):
                await self._images.renew(known.account_id)  # what was placed is not recorded
            return answer

    async def _standing(
        self, request: AuthorizationRequest
    ) -> tuple[Authorization | None, Standing | tuple[None, None, int], DeclineReason | None]:
        """The authorization to add to, its card and holder with their view, and what speaks against any of them."""
        ports = self._ports
        touch = Touch(authorizations=(request.authorization_id,))
        rows: Rows = (await ports.ledger.update(touch, lambda rows: Commit(result=rows))).result
        known = rows.authorizations.get(request.authorization_id)
        if not may_grow(known, request, ports.clock.now_ns()):
            return known, _NOBODY, DeclineReason.INVALID_TRANSACTION
        found = await ports.ledger.card(request.card_id)
        card, account, _ = found = found or _NOBODY
        return known, found, standing(card, account, ports.clock.now_ns(), self._terms)

    async def _place(
        self, request: AuthorizationRequest, known: Authorization, scopes: Scopes
    ) -> tuple[int, object]:  # fmt: skip
        hold = Hold(
            request.authorization_id, known.account_id, usdc6_of(request.amount_cents), request.amount_cents,
            known.counted_at_ns, known.card_id, known.mcc, known.counter_id, known.mandate_id, known.spend,
        )  # fmt: skip
        placed = await self._ports.holds.place(hold, scopes)
        return placed.epoch, placed.refusal

    async def _commit(
        self,
        request: AuthorizationRequest,
        fingerprint: bytes,
        judged: Authorization | None,
        view: int,
        reason: DeclineReason | None,
        epoch: int,
    ) -> AuthorizationResponse | None:
        """Record what was decided, unless the truth is another by now."""
        now_ns = self._ports.clock.now_ns()
        key = request.idempotency_key
        done = f"increment:{key}"

        def transition(rows: Rows) -> Commit:
            if rows.answers:
                return Commit()
            known = rows.authorizations.get(request.authorization_id)
            against = reason
            if rows.posted:  # the answer is forgotten, what was added is not
                against = DeclineReason.INVALID_TRANSACTION
            if against is None and not may_grow(known, request, now_ns):
                against = DeclineReason.INVALID_TRANSACTION
            if against is None and rows.epochs[known.account_id] != epoch:
                return Commit(result=_STALE)
            if against is None and (rows.views[known.account_id] != view or known.spend != judged.spend):
                return Commit(result=_OUTDATED)
            if against is None and rows.funds[known.account_id].available_usdc6 < usdc6_of(request.amount_cents):
                against = DeclineReason.INSUFFICIENT_FUNDS
            if against is not None:
                response = declined(request.authorization_id, against)
                return Commit(answers=(Answer(key, fingerprint, response),), result=response)
            response = AuthorizationResponse(
                request.authorization_id, True, request.amount_cents, APPROVED_CODE, None, known.expires_at_ns
            )
            return Commit(
                entries=(journal.hold(key, known.account_id, now_ns, usdc6_of(request.amount_cents)),),
                authorizations=(known.increased(request.amount_cents),),
                answers=(Answer(key, fingerprint, response),),
                posted=(done,),
                result=response,
            )

        touch = Touch(authorizations=(request.authorization_id,), keys=(key,), posted=(done,))
        return (await self._ports.ledger.update(touch, transition)).result


def may_grow(known: Authorization | None, request: AuthorizationRequest, at_ns: int) -> bool:
    """Whether this authorization may be added to at ``at_ns``, and by this request."""
    return (
        known is not None
        and outcome(known.status_at(at_ns), Event.INCREASE) is Status.OPEN
        and (known.card_id, known.network) == (request.card_id, request.network)
    )
