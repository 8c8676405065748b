"""Lifecycle."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_AUTHORIZE = "engine.services.authorize"
_CAPTURE = "engine.services.capture"
_EXPIRE = "engine.services.expire"
_REVERSE = "engine.services.reverse"

BUGS = (
    Bug(
        id="lifecycle-estimate-ends-like-a-purchase",
        family=Family.LIFECYCLE,
        what="The hold of a pre-authorization ends when that of a purchase would.",
        why="The flag was added to the message later than the table of validities.",
        invariant="I12",
        world="storm",
        only_when="a pre-authorization",
        edits=(
            Edit(
                _AUTHORIZE,
                "preauthorization=request.kind is _ESTIMATE,\n                presence",
                "preauthorization=False,\n                presence",
            ),
        ),
    ),
    Bug(
        id="lifecycle-final-capture-keeps-the-rest",
        family=Family.LIFECYCLE,
        what="The last presentment leaves what it did not take on hold, until the hold ends by itself.",
        why="'Final' is read from the record and never used.",
        invariant="I3",
        world="storm",
        edits=(
            Edit(
                _CAPTURE,
                "known.captured(presentment.amount_cents, final=presentment.final)",
                "known.captured(presentment.amount_cents, final=False)",
            ),
        ),
    ),
    Bug(
        id="lifecycle-late-presentment-is-unknown",
        family=Family.LIFECYCLE,
        what="A presentment after the hold's end spends the hold that is no longer there.",
        why="The amount authorized stands for the amount held.",
        invariant="I3",
        world="in_and_out",
        only_when="a presentment after the hold has ended, or a second one",
        edits=(
            Edit(
                _CAPTURE,
                "held_before = known.held_cents if known is not None else 0",
                "held_before = max(known.authorized_cents - known.captured_cents, 0) if known is not None else 0",
            ),
        ),
    ),
    Bug(
        id="lifecycle-expiry-frees-the-books-alone",
        family=Family.LIFECYCLE,
        what="A hold that ends is released in the ledger, and the fast store never hears of it.",
        why="The job runs against the database.",
        invariant="I12",
        world="in_and_out",
        only_when="a purse that needs what an expired hold gave back",
        edits=(
            Edit(
                _EXPIRE,
                "changes=tuple(change_of(a, a.expired(), usdc6_of(a.held_cents)) for a in ending),",
                "changes=tuple(change_of(a, a.expired(), usdc6_of(a.held_cents)) for a in ending if not a.held_cents),",
            ),
        ),
    ),
    Bug(
        id="lifecycle-hold-ends-an-hour-early",
        family=Family.LIFECYCLE,
        what="Holds end an hour before their time.",
        why="A time zone was added on one side of the comparison.",
        invariant="I12",
        world="month_end",
        only_when="a hold that is never captured",
        edits=(
            Edit(_EXPIRE, "known.expires_at_ns <= now_ns\n", "known.expires_at_ns <= now_ns + 3_600_000_000_000\n"),
            Edit(
                "simulators.backends.ledger",
                "if known.expires_at_ns > now_ns or len(found) == limit:",
                "if known.expires_at_ns > now_ns + 3_600_000_000_000 or len(found) == limit:",
            ),
        ),
    ),
)
