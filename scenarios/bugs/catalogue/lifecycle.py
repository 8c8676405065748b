"""Lifecycle."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_AUTHORIZE = "engine.services.authorize"
_CAPTURE = "engine.services.capture"
_DISPUTE = "engine.services.dispute"
_EXPIRE = "engine.services.expire"
_INCREASE = "engine.services.increase"
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
        invariant="I6",
        world="whole_life",
        corrected="Named I3 at first; what is held with nothing left to hold it for is a zombie, I6.",
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
    Bug(
        id="lifecycle-increment-replaces-the-amount",
        family=Family.LIFECYCLE,
        what="An increment sets what the hold has left to its own amount.",
        why="The total was read from the message; the message says how much more.",
        invariant="I6",
        world="whole_life",
        corrected="Named I3 at first; what is held with nothing left to hold it for is a zombie, I6.",
        only_when="an estimate that grows",
        edits=(
            Edit(
                _INCREASE,
                "authorizations=(known.increased(request.amount_cents),),",
                "authorizations=(known.increased(request.amount_cents)._replace(held_cents=request.amount_cents),),",
            ),
        ),
    ),
    Bug(
        id="lifecycle-increment-prolongs-the-hold",
        family=Family.LIFECYCLE,
        what="An increment is answered with a validity of its own.",
        why="An increment is a decision, and every decision has a validity.",
        invariant="I12",
        world="whole_life",
        only_when="an estimate that grows",
        edits=(
            Edit(
                _INCREASE,
                "APPROVED_CODE, None, known.expires_at_ns\n",
                "APPROVED_CODE, None, known.expires_at_ns + now_ns - known.counted_at_ns\n",
            ),
        ),
    ),
    Bug(
        id="lifecycle-partial-reversal-frees-all",
        family=Family.LIFECYCLE,
        what="A reversal of a part frees the whole hold.",
        why="The amount came into the message later.",
        invariant="I3",
        world="whole_life",
        only_when="a reversal of a part",
        edits=(Edit(_REVERSE, "known.reversed(request.amount_cents or None)", "known.reversed(None)"),),
    ),
    Bug(
        id="lifecycle-reversal-frees-the-first-shipment",
        family=Family.LIFECYCLE,
        what="A reversal after a first shipment frees what was captured as well.",
        why="What was authorized stands for what is held.",
        invariant="I3",
        world="whole_life",
        only_when="a reversal between two shipments",
        edits=(
            Edit(
                _REVERSE,
                "    released_cents = known.held_cents - after.held_cents\n",
                "    first_cents = 0 if after.held_cents else known.captured_cents\n"
                "    released_cents = known.held_cents - after.held_cents + first_cents\n",
            ),
        ),
    ),
    Bug(
        id="lifecycle-suspended-mandate-approves",
        family=Family.LIFECYCLE,
        what="Only a revoked mandate refuses; a suspended one does not.",
        why="Mandates could only be revoked at first.",
        invariant="I9",
        world="whole_life",
        only_when="a purchase while its mandate is suspended",
        edits=(
            Edit(
                "engine.domain.decide",
                "mandate is None or mandate.status is not MandateStatus.ACTIVE",
                "mandate is None or mandate.status is MandateStatus.REVOKED",
            ),
        ),
    ),
    Bug(
        id="lifecycle-partial-approval-says-all",
        family=Family.LIFECYCLE,
        what="A partial approval is answered with the code of a whole one.",
        why="Approved is approved.",
        invariant="I3",
        world="whole_life",
        only_when="a purse that covers a part, and a merchant that takes it",
        edits=(
            Edit(
                "engine.services.answering",
                "APPROVED_CODE if approved_cents == request.amount_cents else PARTIAL_CODE",
                "APPROVED_CODE if approved_cents else PARTIAL_CODE",
            ),
        ),
    ),
    Bug(
        id="lifecycle-inquiry-forgets-the-holds",
        family=Family.LIFECYCLE,
        what="A balance inquiry tells what is on hold as well.",
        why="It is the balance that is asked for.",
        invariant="I3",
        world="whole_life",
        only_when="an inquiry while something is held",
        edits=(
            Edit(
                "engine.services.inquire",
                "cents_down(funds.available_usdc6)",
                "cents_down(funds.available_usdc6 + funds.held_usdc6)",
            ),
        ),
    ),
    Bug(
        id="lifecycle-unmatched-refund-is-not-booked",
        family=Family.LIFECYCLE,
        what="A refund that names no sale is acknowledged, and not booked.",
        why="It goes to a list for a person, and the list is read by nobody.",
        invariant="I10",
        world="whole_life",
        only_when="a refund without its sale",
        edits=(
            Edit(
                _CAPTURE,
                "        posted[ref] = None\n",
                "        posted[ref] = None\n"
                "        if presentment.kind is PresentmentKind.REFUND and not presentment.authorization_id:\n"
                "            amount_cents = presentment.amount_cents\n"
                "            results.append(CaptureResult(ref, CaptureOutcome.POSTED, amount_cents, 0, 0))\n"
                "            continue\n",
            ),
        ),
    ),
    Bug(
        id="lifecycle-dispute-credit-is-kept",
        family=Family.LIFECYCLE,
        what="The provisional credit of a lost dispute is not taken back.",
        why="The state machine was tested for its states, not for its money.",
        invariant="I10",
        world="whole_life",
        only_when="a dispute that is lost",
        edits=(
            Edit(
                _DISPUTE,
                "    elif after.credited_cents < had_cents:\n",
                "    elif after.credited_cents < had_cents and after.state is not DisputeState.LOST:\n",
            ),
        ),
    ),
    Bug(
        id="lifecycle-dispute-credited-again",
        family=Family.LIFECYCLE,
        what="A dispute that goes to the next round is credited once more.",
        why="Each round is handled like the first.",
        invariant="I10",
        world="whole_life",
        only_when="a dispute of more than one round",
        edits=(
            Edit(
                _DISPUTE,
                "had_cents = 0 if known is None else",
                "had_cents = 0 if known is None or after.state is DisputeState.REPRESENTMENT else",
            ),
        ),
    ),
)
