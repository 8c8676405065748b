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
                "                    waited_s += TWIN_POLL_S\n        except",
                "                    waited_s += TWIN_POLL_S\n"
                "            answer = same(stored, request)\n"
                "            if answer.approved:\n"
                "                ends_at_ns = self._ports.clock.now_ns() + self._terms.holds.lifetime_ns(\n"
                "                    request.network, preauthorization=request.kind is _ESTIMATE\n"
                "                )\n"
                "                asked, cents = answer.authorization_id, answer.approved_cents\n"
                "                return AuthorizationResponse(asked, True, cents, APPROVED_CODE, None, ends_at_ns)\n"
                "        except",
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
