"""Funding."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_DEPOSIT = "engine.services.deposit"
_WITHDRAW = "engine.services.withdraw"

BUGS = (
    Bug(
        id="funding-equal-deposits-are-one",
        family=Family.FUNDING,
        what="A deposit is known by its account and amount, so a second one of the same amount is taken for a repeat.",
        why="The event's place in its block was not at hand in the first watcher.",
        invariant="I3",
        world="in_and_out",
        only_when="two deposits of one amount by one customer",
        edits=(Edit(_DEPOSIT, 'key = f"deposit:{ref}"', 'key = f"deposit:{account_id}:{amount}"'),),
    ),
    Bug(
        id="funding-debt-repaid-and-not-burned",
        family=Family.FUNDING,
        what="What a deposit repays of a debt is booked, and never burned on chain.",
        why="Only captures are queued for settlement.",
        invariant="I7",
        world="in_and_out",
        only_when="a deposit by a customer who owes",
        edits=(
            Edit(
                _DEPOSIT,
                'queued=(Queued(f"recovery:{ref}", account_id, recovered),) if recovered else (),',
                'queued=(Queued(f"recovery:{ref}", account_id, recovered),) if recovered > amount else (),',
            ),
        ),
    ),
    Bug(
        id="funding-reduced-withdrawal-not-returned",
        family=Family.FUNDING,
        what="A withdrawal that a settlement shrank stays set aside in full.",
        why="The event is only logged: the money is on its way out anyhow.",
        invariant="I12",
        world="in_and_out",
        only_when="new money between the settlement that shrinks a withdrawal and its payout",
        edits=(Edit(_WITHDRAW, "back = max(set_aside - amount, 0)", "back = 0 * max(set_aside - amount, 0)"),),
    ),
    Bug(
        id="funding-withdrawal-spendable-until-paid",
        family=Family.FUNDING,
        what="Money on its way out can be spent until it is paid out.",
        why="The balance follows the chain, where nothing has moved yet.",
        invariant="I2",
        world="in_and_out",
        only_when="a purchase between a withdrawal's request and its payout",
        edits=(
            Edit(
                _WITHDRAW,
                "            return (journal.withdrawal_request(ref, account_id, now_ns, amount),)",
                "            return ()",
            ),
        ),
    ),
    Bug(
        id="funding-withdrawal-takes-what-is-left",
        family=Family.FUNDING,
        what="A withdrawal of more than is free sets aside only what is free; what holds give back later can be spent.",
        why="A balance must not be negative.",
        invariant="I8",
        world="in_and_out",
        corrected="Named I2 at first; what holds give back was not free when it was asked for: I8.",
        only_when="a withdrawal of everything, with a hold that is released before its payout",
        edits=(
            Edit(
                _WITHDRAW,
                "journal.withdrawal_request(ref, account_id, now_ns, amount),)",
                "journal.withdrawal_request(ref, account_id, now_ns, min(amount, max(funds.available_usdc6, 0))),)",
            ),
        ),
    ),
    Bug(
        id="funding-deposits-of-one-block-are-one",
        family=Family.FUNDING,
        what="A deposit is known by its account and its block, so a second one in the same block is a repeat.",
        why="Nobody deposits twice in twelve seconds.",
        invariant="I11",
        world="in_and_out",
        hard="interleaving",
        only_when="two deposits of one amount by one customer in one block",
        edits=(Edit(_DEPOSIT, 'key = f"deposit:{ref}"', 'key = f"deposit:{account_id}:{notice.block_number}"'),),
    ),
)
