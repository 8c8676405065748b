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
    Bug(
        id="messages-late-approval-stands",
        family=Family.MESSAGES,
        what="What was declined for want of time and approved behind it is not undone.",
        why="Nobody awaits the job that undoes it, and its condition is never true.",
        invariant="I3",
        world="storm",
        only_when="a commit that takes effect after its request was declined",
        edits=(
            Edit(
                _AUTHORIZE,
                "or not stored.response.approved:",
                "or stored.response.approved:",
            ),
        ),
    ),
    Bug(
        id="messages-reversal-s-mark-is-not-looked-at",
        family=Family.MESSAGES,
        what="An authorization is committed over the mark of the reversal that overtook it.",
        why="INSERT ... ON CONFLICT DO UPDATE.",
        invariant="I3",
        world="storm",
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
