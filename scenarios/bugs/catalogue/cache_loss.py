"""Cache loss."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_HOLDS = "simulators.backends.holds"
_LEDGER = "simulators.backends.ledger"
_FOLLOW = "engine.services.follow"

BUGS = (
    Bug(
        id="cache_loss-windows-start-empty",
        family=Family.CACHE_LOSS,
        what="An account that is loaded again has nothing counted in its limit windows.",
        why="Funds and holds were thought of; counters looked like mere statistics.",
        invariant="I4",
        world="rush",
        only_when="the fast store forgets an account on a day on which it has spent",
        edits=(
            Edit(
                _HOLDS,
                "            image.count(day, spend.counted(DEFAULT).cents)\n",
                "            image.count(day, 0 * spend.counted(DEFAULT).cents)\n",
            ),
        ),
    ),
    Bug(
        id="cache_loss-captured-spends-are-forgotten",
        family=Family.CACHE_LOSS,
        what="The counters are rebuilt from open holds alone.",
        why="What is captured is no longer in the table of holds.",
        invariant="I4",
        world="month_end",
        only_when="the fast store forgets an account whose earlier spending is captured, in the same month",
        edits=(
            Edit(
                _LEDGER,
                "if a.authorized_cents and a.counted_at_ns >= since_ns]",
                "if a.authorized_cents and a.held_cents and a.counted_at_ns >= since_ns]",
            ),
        ),
    ),
    Bug(
        id="cache_loss-stale-replica-is-trusted",
        family=Family.CACHE_LOSS,
        what="After a failover, what the replica remembers is taken for what is.",
        why="No generation key: the new primary answers like the old one.",
        invariant="I4",
        world="failover",
        only_when="a failover that loses an acknowledged write of an account near its limit",
        edits=(
            Edit(
                _HOLDS,
                "        if image is None or image.incarnation != self._incarnation:\n            return _NOT_LOADED",
                "        if image is None:\n            return _NOT_LOADED",
            ),
        ),
    ),
    Bug(
        id="cache_loss-old-holds-are-recorded",
        family=Family.CACHE_LOSS,
        what="A hold that was placed before a loss is committed after it.",
        why="The ledger checks the balance, and the balance is enough.",
        invariant="I4",
        world="bursts",
        hard="interleaving",
        only_when="a loss between placing a hold and committing it, near a limit",
        edits=(
            Edit(
                _LEDGER,
                "            if commit.epoch and commit.epoch != books[_EPOCH]:\n"
                "                return Recorded.STALE\n",
                "",
            ),
        ),
    ),
    Bug(
        id="cache_loss-behind-is-as-good-as-followed",
        family=Family.CACHE_LOSS,
        what="A change that the fast store could not follow is ticked off.",
        why="The answer of the call is not looked at.",
        invariant="I12",
        world="behind",
        only_when="the fast store fails while something is given back",
        edits=(
            Edit(_FOLLOW, "await ports.ledger.followed((ref,), behind)", "await ports.ledger.followed((ref,), ())"),
        ),
    ),
    Bug(
        id="cache_loss-old-standing-is-recorded",
        family=Family.CACHE_LOSS,
        what="A decision on an old copy of a card is committed although the card has been frozen since.",
        why="The cache is written whenever a card changes; that this can fail was not thought of.",
        invariant="I9",
        world="stolen",
        only_when="the cache fails, or loses its last writes, while a card is frozen, and the card is swiped",
        edits=(
            Edit(
                _LEDGER,
                "            if commit.view != books[_VIEW]:\n                return Recorded.OUTDATED\n",
                "",
            ),
        ),
    ),
)
