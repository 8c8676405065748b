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
                "                return approved(request, answer.approved_cents, ends_at_ns)\n"
                "        except",
            ),
        ),
    ),
    Bug(
        id="idempotency-another-body-is-answered",
        family=Family.IDEMPOTENCY,
        what="A key with another body gets the first answer.",
        why="The key is looked up, and what was asked under it is not.",
        invariant="I3",
        world="storm",
        only_when="a network that uses a key twice",
        edits=(
            Edit(
                "engine.services.answering", "if stored.fingerprint != fingerprint_of(request):", "if not stored.key:"
            ),
        ),
    ),
    Bug(
        id="idempotency-presentments-known-by-batch-alone",
        family=Family.IDEMPOTENCY,
        what="A presentment that comes again in another batch posts again.",
        why="The key of the batch was taken to be enough: a file never comes twice.",
        invariant="I3",
        world="files",
        only_when="a clearing file that holds a presentment of an earlier one",
        edits=(Edit(_CAPTURE, "if ref in rows.posted or ref in posted:", "if ref in posted:"),),
    ),
    Bug(
        id="idempotency-decline-in-need-is-not-stored",
        family=Family.IDEMPOTENCY,
        what="The decline of a request that ran out of time is answered and not stored.",
        why="Errors are not answers.",
        invariant="I3",
        world="slow_stores",
        only_when="a request that runs out of time and is repeated, or that the ledger still commits",
        edits=(
            Edit(
                _AUTHORIZE,
                "            return Commit(answers=(answer,), result=(answer, account_in(rows, request)))",
                "            return Commit(result=(answer, account_in(rows, request)))",
            ),
        ),
    ),
    Bug(
        id="idempotency-increment-counts-twice",
        family=Family.IDEMPOTENCY,
        what="An increment that is repeated is added again, under the same answer.",
        why="The authorization id was taken for the key, and an increment shares it.",
        invariant="I3",
        world="stays",
        only_when="an increment whose answer gets lost, or that comes twice",
        edits=(
            Edit(
                "engine.services.increase",
                "            if rows.answers:\n                return Commit()\n",
                "            if rows.answers and request.authorization_id not in rows.authorizations:\n"
                "                return Commit()\n",
            ),
        ),
    ),
)
