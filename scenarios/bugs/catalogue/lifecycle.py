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
        edits=(Edit(_AUTHORIZE, "preauthorization=request.kind is _ESTIMATE)", "preauthorization=False)"),),
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
)
