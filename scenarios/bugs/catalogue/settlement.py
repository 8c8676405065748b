"""Settlement."""

from __future__ import annotations

from scenarios.bugs.record import Bug, Edit, Family

_SETTLE = "engine.services.settle"
_NETTING = "engine.domain.settlement"

BUGS = (
    Bug(
        id="settlement-last-capture-wins",
        family=Family.SETTLEMENT,
        what="Of several captures of one user in one batch only the last is burned.",
        why="A dictionary comprehension where a sum was meant.",
        invariant="I7",
        world="storm",
        only_when="two captures of one user between two settlements",
        edits=(
            Edit(
                _NETTING, "nets[account_id] = nets.get(account_id, 0) + amount_usdc6", "nets[account_id] = amount_usdc6"
            ),
        ),
    ),
    Bug(
        id="settlement-shortfall-booked-as-burned",
        family=Family.SETTLEMENT,
        what="What the chain balance did not cover is booked as burned all the same.",
        why="The transaction succeeded, so the batch is done.",
        invariant="I10",
        world="in_and_out",
        only_when="a payout that took what a capture needed",
        edits=(
            Edit(_SETTLE, "burned_usdc6=amount - outcome.missing_usdc6.get(account_id, 0),", "burned_usdc6=amount,"),
            Edit(_SETTLE, "missing_usdc6=outcome.missing_usdc6.get(account_id, 0),\n", "missing_usdc6=0,\n"),
        ),
    ),
    Bug(
        id="settlement-unresolved-sent-under-a-new-id",
        family=Family.SETTLEMENT,
        what="What is not final after a while is sent again under an id of its own time.",
        why="'Always retry with a fresh id', as for payments that failed.",
        invariant="I7",
        world="blocks",
        only_when="a burn that is in a block and not final when patience ends",
        edits=(
            Edit(
                _SETTLE,
                "                    await self._ports.chain.submit(settlement, addresses)\n",
                "                    fresh, sent = settlement, vars(self).setdefault('sent', {})\n"
                "                    times = sent[fresh.settlement_id] = sent.get(fresh.settlement_id, 0) + 1\n"
                "                    if times > 1:\n"
                "                        fresh_id = f'0x{int(fresh.settlement_id, 16) ^ times:064x}'\n"
                "                        fresh = Settlement(fresh_id, fresh.at_ns, fresh.amounts_usdc6)\n"
                "                    await self._ports.chain.submit(fresh, addresses)\n",
            ),
        ),
    ),
    Bug(
        id="settlement-open-ones-are-forgotten",
        family=Family.SETTLEMENT,
        what="A tick sends what it formed itself, and nothing that an earlier one left open.",
        why="Each tick was thought to finish.",
        invariant="I7",
        world="blocks",
        only_when="a tick that dies, or that runs out of blocks, before its burn is final",
        edits=(
            Edit(
                _SETTLE,
                "open_ones = {s.settlement_id: s for s in await ledger.open_settlements()}",
                "open_ones = {s.settlement_id: s for s in await ledger.open_settlements() if s.at_ns > now_ns}",
            ),
        ),
    ),
    Bug(
        id="settlement-unknown-is-taken-for-done",
        family=Family.SETTLEMENT,
        what="A node that does not answer is taken for a burn that is final.",
        why="The error is caught where the loop ends.",
        invariant="I7",
        world="blocks",
        only_when="the node fails while a burn that never got in is asked for",
        edits=(
            Edit(
                _SETTLE,
                "            return None  # unknown now; the next block asks again",
                '            return BurnOutcome(settlement.settlement_id, "", 0, {})',
            ),
        ),
    ),
    Bug(
        id="settlement-refund-is-burned-all-the-same",
        family=Family.SETTLEMENT,
        what="A refund is booked, and what is burned is not made smaller by it.",
        why="Only captures are queued for settlement.",
        invariant="I7",
        world="whole_life",
        only_when="a refund",
        edits=(
            Edit(
                "engine.services.capture",
                "return entries, change, -free, result",
                "return entries, change, 0 * free, result",
            ),
        ),
    ),
    Bug(
        id="settlement-credit-of-nothing-is-dropped",
        family=Family.SETTLEMENT,
        what="A credit that is larger than what waits to be burned is thrown away at the next tick.",
        why="A net below zero cannot be burned, so the row is deleted.",
        invariant="I7",
        world="whole_life",
        only_when="a refund when nothing of its customer waits to be burned, and a purchase later",
        edits=(
            Edit(
                "simulators.backends.ledger",
                "        account_ids = list(islice(owing, max_users))\n",
                "        for below in [key for key, queue in self._queued.items() if queue.net_usdc6 <= 0]:\n"
                "            del self._queued[below]\n"
                "        account_ids = list(islice(owing, max_users))\n",
            ),
        ),
    ),
    Bug(
        id="settlement-thirty-two-bits",
        family=Family.SETTLEMENT,
        what="What one user burns in one batch is cut to 32 bits, 4,294.967295 USDC.",
        why="The column was an unsigned integer.",
        invariant="I7",
        world="drained",
        hard="amount",
        only_when="more than 4,294.967295 USDC of one user in one batch",
        edits=(
            Edit(
                _NETTING,
                "nets[account_id] = nets.get(account_id, 0) + amount_usdc6",
                "nets[account_id] = (nets.get(account_id, 0) + amount_usdc6) & 0xFFFF_FFFF",
            ),
        ),
    ),
)
