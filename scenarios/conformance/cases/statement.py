"""The ledger export."""

from __future__ import annotations

from engine.interface import StatementKind, WithdrawalStage
from scenarios.conformance.bench import Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import same


@case("Statement")
async def the_statement_has_one_line_for_everything_that_moved_money(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000, deposit_id="0xd:1")
    await bench.approve("a1", 900)
    await bench.reverse("a1")
    await bench.capture("a2", 1_200)
    await bench.fund(700, deposit_id="0xd:2")
    await bench.settle()
    await bench.withdraw(WithdrawalStage.REQUESTED, 500, "w:1")
    await bench.withdraw(WithdrawalStage.COMPLETED, 500, "w:2")
    lines = [(entry.kind, entry.ref, entry.amount_usdc6) for entry in await bench.statement()]
    same(
        lines,
        [
            (StatementKind.DEPOSIT, "0xd:1", 10_000_000),
            (StatementKind.CAPTURE, "a2.1", 12_000_000),
            (StatementKind.RECEIVABLE, "a2.1", 2_000_000),
            (StatementKind.DEPOSIT, "0xd:2", 7_000_000),
            (StatementKind.RECOVERY, "recovery:0xd:2", 2_000_000),
            (StatementKind.SETTLEMENT, bench.chain.submitted[0], 12_000_000),
            (StatementKind.WITHDRAWAL, "w:2", 5_000_000),
        ],
    )
    same({entry.account_id for entry in await bench.statement()}, {"ada"})


@case("Statement")
async def a_long_statement_comes_in_pages_without_a_gap(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000_000)
    for part in range(6):
        await bench.clear(*(bench.presentment(f"a{part}-{n}", 1, 1) for n in range(200)))
    refs = [entry.ref for entry in await bench.statement() if entry.kind is StatementKind.CAPTURE]
    same(refs, [f"a{part}-{n}.1" for part in range(6) for n in range(200)])


@case("Statement", each("lines", [499, 500, 501]))
async def no_line_is_lost_where_a_page_ends(bench: Bench, lines: int) -> None:
    """A deposit, and captures, which come in batches of at most 500."""
    await bench.open()
    await bench.fund(1_000_000)
    await bench.clear(*(bench.presentment(f"a{n}", 1, 1) for n in range(lines - 1)))
    same(len(await bench.statement()), lines, "the lines")
