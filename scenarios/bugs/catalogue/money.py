"""Money arithmetic."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_CAPTURE = "engine.services.capture"
_DEPOSIT = "engine.services.deposit"

BUGS = (
    Bug(
        id="money-cents-through-a-float",
        family=Family.MONEY,
        what="Cents become USDC by way of a float number of dollars, cut off.",
        why="The chain library takes a decimal number of dollars; most amounts survive it.",
        invariant="I10",
        world="storm",
        hard="amount",
        only_when="an amount whose dollars are a little less in binary, like $1.13",
        edits=(Edit("engine.domain.money", "return cents * USDC6_PER_CENT", "return int(cents / 100 * 1_000_000)"),),
    ),
    Bug(
        id="money-tip-beyond-the-purse-is-not-owed",
        family=Family.MONEY,
        what="A capture above its hold takes the difference from the purse even where the purse has less.",
        why="Tips are tested with customers who have money.",
        invariant="I2",
        world="in_and_out",
        only_when="a capture above its hold on a purse that has less than the difference",
        edits=(Edit(_CAPTURE, "taken = min(beyond, max(own, 0))", "taken = beyond"),),
    ),
    Bug(
        id="money-debt-repaid-beyond-the-deposit",
        family=Family.MONEY,
        what="A deposit pays all that is owed, even where it is smaller than the debt.",
        why="The case of a debt above the deposit was not thought of.",
        invariant="I10",
        world="in_and_out",
        only_when="a deposit smaller than what its customer owes",
        edits=(
            Edit(_DEPOSIT, "recovered = min(funds.receivable_usdc6, amount)", "recovered = funds.receivable_usdc6"),
        ),
    ),
    Bug(
        id="money-first-shipment-frees-the-second",
        family=Family.MONEY,
        what="A presentment that is not the last frees the rest of the hold in the books alone.",
        why="What is freed was computed before presentments could come in parts.",
        invariant="I3",
        world="files",
        only_when="an order that ships in two parts",
        edits=(
            Edit(
                _CAPTURE,
                "freed_cents = held_before - spent_cents - held_after",
                "freed_cents = held_before - spent_cents",
            ),
        ),
    ),
    Bug(
        id="money-batch-reads-the-purse-once-a-line",
        family=Family.MONEY,
        what="Two captures of one batch that go beyond their holds both find the purse as it was before the batch.",
        why="The loop looks the balance up instead of carrying it on.",
        invariant="I2",
        world="in_and_out",
        only_when="two tips of one customer in one batch, together more than is left",
        edits=(Edit(_CAPTURE, "self._own[account_id] = own - taken - paid", "self._own.pop(account_id, None)"),),
    ),
    Bug(
        id="money-refund-pays-no-debt",
        family=Family.MONEY,
        what="A refund is free to spend even where its customer owes.",
        why="Deposits pay debts; that refunds are money too was not thought of.",
        invariant="I10",
        world="owing",
        only_when="a refund to a customer who owes",
        edits=(Edit(_CAPTURE, "recovered = credits.recovered_of(owed, cents)", "recovered = 0"),),
    ),
    Bug(
        id="money-what-comes-free-pays-no-debt",
        family=Family.MONEY,
        what="What a hold frees when it ends, or is taken back, can be spent although its customer owes.",
        why="Only a debt that is made in the same commit is looked for.",
        invariant="I10",
        world="owing",
        only_when="a customer who owes while something is held, which then comes free",
        edits=(
            Edit(
                "engine.domain.debts",
                "entry.receivable_usdc6 or rows.funds[entry.account_id].receivable_usdc6 for",
                "entry.receivable_usdc6 for",
            ),
        ),
    ),
    Bug(
        id="money-dispute-of-a-part-credits-all",
        family=Family.MONEY,
        what="A dispute of a part of a sale credits the whole sale.",
        why="The amount is looked up with the sale.",
        invariant="I10",
        world="whole_life",
        only_when="a dispute of a part",
        edits=(
            Edit(
                "engine.services.dispute",
                "sale.account_id, network, notice.amount_cents, notice.state",
                "sale.account_id, network, credits.cents_down(sale.amount_usdc6), notice.state",
            ),
        ),
    ),
)
