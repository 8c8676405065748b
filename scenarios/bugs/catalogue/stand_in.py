"""Stand-in, and whatever else the network tells instead of asking."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_ADVISE = "engine.services.advise"
_MORE = "    more_usdc6 = usdc6_of(after.held_cents - before.held_cents)\n"
_ABSOLUTE = "    amount_cents = advice.amount_cents if advice.approved else 0\n"

BUGS = (
    Bug(
        id="stand_in-decided-again",
        family=Family.STAND_IN,
        what="A stand-in approval that the purse does not cover is refused.",
        why="An advice runs through the same checks as a request.",
        invariant="I9",
        world="impatient",
        only_when="the network approves in the issuer's stead what the customer cannot pay",
        edits=(
            Edit(
                _ADVISE,
                _MORE,
                _MORE + "    if more_usdc6 > max(rows.funds[before.account_id].available_usdc6, 0):\n"
                "        return _unchanged(advice, known, AdviceOutcome.NOT_OPEN)\n",
            ),
        ),
    ),
    Bug(
        id="stand_in-amount-is-added",
        family=Family.STAND_IN,
        what="The amount of an advice is added to what is authorized instead of replacing it.",
        why="Increments came first, and advices look like them.",
        invariant="I10",
        world="whole_life",
        only_when="an advice on what the engine has approved itself",
        edits=(
            Edit(
                _ADVISE,
                "before.advised(amount_cents)",
                "before.advised(amount_cents and before.authorized_cents + amount_cents)",
            ),
        ),
    ),
    Bug(
        id="stand_in-decline-keeps-the-hold",
        family=Family.STAND_IN,
        what="That the network declined is acknowledged, and the hold of the approval that came too late stays.",
        why="A decline holds nothing, so there seems to be nothing to do.",
        invariant="I6",
        world="whole_life",
        only_when="an approval that comes after the network has declined in the issuer's stead",
        edits=(
            Edit(
                _ADVISE,
                _ABSOLUTE,
                "    if not advice.approved and known is not None:\n"
                "        return Commit(result=AdviceReceipt(advice.authorization_id, AdviceOutcome.ADOPTED, 0, 0))\n"
                + _ABSOLUTE,
            ),
        ),
    ),
    Bug(
        id="stand_in-early-decline-leaves-no-mark",
        family=Family.STAND_IN,
        what="A stand-in decline that overtakes its request is forgotten, and the request is then approved.",
        why="There is no row that could be updated.",
        invariant="I9",
        world="whole_life",
        only_when="a request that arrives after the network's own decline",
        edits=(
            Edit(
                _ADVISE,
                "        return Commit(authorizations=(mark,), result=_receipt(mark, AdviceOutcome.ADOPTED))",
                "        return Commit(result=_receipt(mark, AdviceOutcome.ADOPTED))",
            ),
        ),
    ),
    Bug(
        id="stand_in-does-not-count",
        family=Family.STAND_IN,
        what="The fast store is not told that what was advised counts in the limits.",
        why="No limit refuses an advice, so it does not go through the limits at all.",
        invariant="I4",
        world="impatient",
        only_when="an advice on a day that fills up",
        edits=(
            Edit(
                _ADVISE,
                "changes=(change_of(before, after, -more_usdc6),),",
                "changes=(change_of(before, after, -more_usdc6)._replace(spent=None, spend=None),),",
            ),
        ),
    ),
    Bug(
        id="stand_in-estimate-ends-like-a-purchase",
        family=Family.STAND_IN,
        what="The hold of an estimate that the network approved itself ends when that of a purchase would.",
        why="The kind is a field of requests, and was not read from advices.",
        invariant="I12",
        world="impatient",
        only_when="a stand-in approval of an estimate",
        edits=(
            Edit(
                _ADVISE,
                "preauthorization=advice.kind is AuthorizationKind.PREAUTHORIZATION,",
                "preauthorization=False,",
            ),
        ),
    ),
    Bug(
        id="stand_in-advice-begins-the-hold-anew",
        family=Family.STAND_IN,
        what="An advice gives the hold a whole new validity.",
        why="It is written over the row as an authorization of its own.",
        invariant="I12",
        world="whole_life",
        only_when="an advice on what the engine has approved itself",
        edits=(
            Edit(
                _ADVISE,
                _MORE,
                "    after = after._replace(expires_at_ns=before.expires_at_ns + now_ns - before.counted_at_ns)\n"
                + _MORE,
            ),
        ),
    ),
)
