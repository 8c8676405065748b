"""Late, duplicate and out-of-order messages."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_AUTHORIZE = "engine.services.authorize"
_REVERSE = "engine.services.reverse"

BUGS = (
    Bug(
        id="messages-early-reversal-leaves-no-mark",
        family=Family.MESSAGES,
        what="A reversal that overtakes its authorization is answered and forgotten; the original is then approved.",
        why="There was nothing to reverse.",
        invariant="I9",
        world="storm",
        corrected="Named I3 at first; an approval after its reversal was answered became a matter of standing, I9.",
        only_when="a reversal that overtakes its authorization",
        edits=(
            Edit(
                _REVERSE,
                "        return Commit(authorizations=(mark,), result=ReversalResponse(authorization_id, 0))",
                "        return Commit(result=ReversalResponse(authorization_id, 0 * mark.held_cents))",
            ),
        ),
    ),
    Bug(
        id="messages-late-approval-stands",
        family=Family.MESSAGES,
        what="Where the ledger does not tell what became of a request, it is declined, though it may stand approved.",
        why="Every error has to become an answer.",
        invariant="I3",
        world="slow_stores",
        only_when="a commit that takes effect, a ledger that fails before it can be asked about it, and a repeat",
        edits=(
            Edit(
                _AUTHORIZE,
                'raise PortUnavailable(f"{request.idempotency_key}: the ledger cannot be asked now") from error',
                "return unavailable(request).response",
            ),
        ),
    ),
    Bug(
        id="messages-reversal-s-mark-is-not-looked-at",
        family=Family.MESSAGES,
        what="An authorization is committed over the mark of the reversal that overtook it.",
        why="INSERT ... ON CONFLICT DO UPDATE.",
        invariant="I9",
        world="storm",
        corrected="Named I3 at first; an approval after its reversal was answered became a matter of standing, I9.",
        only_when="a reversal that overtakes its authorization",
        edits=(
            Edit(
                "simulators.backends.ledger",
                "        if authorization.authorization_id in self._authorizations:\n"
                "            return Recorded.EXISTS\n",
                "",
            ),
        ),
    ),
)
