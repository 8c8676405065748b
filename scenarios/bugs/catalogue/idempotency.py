"""Idempotency."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_AUTHORIZE = "engine.services.authorize"
_CAPTURE = "engine.services.capture"

BUGS = (
    Bug(
        id="idempotency-repeat-gets-a-fresh-expiry",
        family=Family.IDEMPOTENCY,
        what="A repeated request gets the stored decision with the hold's end counted from now.",
        why="The answer is built again from the row instead of being stored.",
        invariant="I3",
        world="storm",
        only_when="a network repeats an approved request",
        edits=(
            Edit(
                _AUTHORIZE,
                "            return stored.response\n",
                "            answer = stored.response\n"
                "            if not answer.approved:\n"
                "                return answer\n"
                "            estimate = request.kind is _ESTIMATE\n"
                "            lifetime_ns = self._terms.holds.lifetime_ns(request.network, preauthorization=estimate)\n"
                "            return AuthorizationResponse(\n"
                "                answer.authorization_id, True, answer.approved_cents, APPROVED_CODE, None,\n"
                "                self._ports.clock.now_ns() + lifetime_ns,\n"
                "            )\n",
            ),
        ),
    ),
    Bug(
        id="idempotency-presentments-known-by-batch-alone",
        family=Family.IDEMPOTENCY,
        what="A presentment that comes again in another batch posts again.",
        why="The key of the batch was taken to be enough: a file never comes twice.",
        invariant="I3",
        world="storm",
        only_when="a clearing file that holds a presentment of an earlier one",
        edits=(Edit(_CAPTURE, "if ref in rows.posted or ref in posted:", "if ref in posted:"),),
    ),
)
