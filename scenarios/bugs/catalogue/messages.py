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
        invariant="I3",
        world="storm",
        only_when="a reversal that overtakes its authorization",
        edits=(
            Edit(
                _REVERSE,
                "        return Commit(authorizations=(mark,), result=ReversalResponse(authorization_id, 0))",
                "        return Commit(result=ReversalResponse(authorization_id, 0 * mark.held_cents))",
            ),
        ),
    ),
)
