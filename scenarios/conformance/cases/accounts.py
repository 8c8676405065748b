"""Accounts and cards: opened, changed, expired."""

from __future__ import annotations

from engine.interface import AccountOpening, AccountStatus, CardOpening, CardStatus, DeclineReason, EngineError, Terms
from scenarios.conformance.bench import WIDE, Bench
from scenarios.conformance.registry import case, each
from scenarios.conformance.verdicts import declined, refused, same


@case("Accounts")
async def a_card_is_good_until_the_instant_of_its_expiry(bench: Bench) -> None:
    await bench.open(card_expires_at_ns=bench.start_ns + 5)
    await bench.fund(1_000)
    bench.clock.at_ns = bench.start_ns + 4
    await bench.approve("a1", 100)
    bench.clock.at_ns = bench.start_ns + 5
    same(declined(await bench.authorize("a2", 100)), DeclineReason.CARD_EXPIRED, "the reason")
    bench.clock.at_ns = bench.start_ns + 6
    same(declined(await bench.authorize("a3", 100)), DeclineReason.CARD_EXPIRED, "the reason")


@case("Accounts", each("asked", [1, 2]), each("step,approved", [(-1, False), (0, True), (1, True)]),
      terms=lambda asked, step, approved: Terms(limits=WIDE, minimum_kyc_level=asked))  # fmt: skip
async def the_kyc_level_that_is_asked_for_is_enough(bench: Bench, asked: int, step: int, approved: bool) -> None:
    await bench.open(kyc_level=asked + step)
    await bench.fund(1_000)
    reason = declined(await bench.authorize("a1", 100))
    same(reason, None if approved else DeclineReason.KYC_REQUIRED, "the reason")


@case("Accounts")
async def a_card_stays_with_its_account(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.approve("a1", 100)
    with refused(EngineError):
        taken = AccountOpening("bob", "0x" + "b" * 40, (CardOpening("ada-card", "visa", 2**62),))
        await bench.engine.open_account(taken)
    await bench.approve("a2", 900)
    same(await bench.funds(), {"held": 1_000}, "the funds")
    with refused(EngineError):
        await bench.engine.balance("bob")


@case("Accounts", each("waiting", ["nothing", "a capture", "a hold"]))
async def an_account_stays_at_its_address(bench: Bench, waiting: str) -> None:
    """What was captured is burned where the tokens are, whatever was said of the account meanwhile."""
    await bench.open()
    await bench.fund(1_000)
    if waiting != "nothing":
        await bench.approve("a1", 300)
    if waiting == "a capture":
        await bench.capture("a1", 300)
    funds = await bench.funds()
    moved = AccountOpening("ada", "0x" + "b" * 40, (CardOpening("ada-card", "visa", 2**62, CardStatus.FROZEN),))
    with refused(EngineError):
        await bench.engine.open_account(moved)
    same(await bench.funds(), funds, "the funds")
    await bench.approve("a2", 700)
    await bench.settle()
    same(bench.chain_usdc6(), 7_000_000 if waiting == "a capture" else 10_000_000, "what the chain holds")


@case("Accounts")
async def an_address_is_the_same_in_small_and_capital_letters(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    address = "0x" + bench.addresses["ada"][2:].upper()
    frozen = AccountOpening("ada", address, (CardOpening("ada-card", "visa", 2**62, CardStatus.FROZEN),))
    await bench.engine.open_account(frozen)
    same(declined(await bench.authorize("a1", 100)), DeclineReason.CARD_FROZEN, "the reason")


@case("Accounts", each("letters", ["the same", "capital"]))
async def an_address_belongs_to_one_account(bench: Bench, letters: str) -> None:
    """Whose tokens would it be that are withdrawn there?"""
    await bench.open()
    await bench.fund(1_000)
    address = bench.addresses["ada"]
    if letters == "capital":
        address = "0x" + address[2:].upper()
    card = CardOpening("bob-card", "visa", 2**62)
    with refused(EngineError):
        await bench.engine.open_account(AccountOpening("bob", address, (card,)))
    with refused(EngineError):
        await bench.engine.balance("bob")
    await bench.open()
    await bench.open("bob")
    await bench.fund(500, "bob")
    same(await bench.funds(), {"available": 1_000}, "the funds")
    same(await bench.funds("bob"), {"available": 500}, "the other's funds")


@case("Accounts")
async def opening_an_account_again_keeps_its_funds(bench: Bench) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.approve("a1", 300)
    await bench.open(status=AccountStatus.SUSPENDED)
    same(await bench.funds(), {"available": 700, "held": 300}, "the funds")
    await bench.open()
    await bench.approve("a2", 700)


@case("Accounts", each("final", [CardStatus.CANCELLED, CardStatus.LOST, CardStatus.STOLEN]))
async def what_is_cancelled_lost_or_stolen_stays_so(bench: Bench, final: CardStatus) -> None:
    await bench.open()
    await bench.fund(1_000)
    await bench.open(card_status=final)
    first = declined(await bench.authorize("a1", 100))
    await bench.open(card_status=CardStatus.ACTIVE)
    same(declined(await bench.authorize("a2", 100)), first, "the reason after an opening that says active")


@case("Accounts")
async def a_card_that_was_frozen_or_pending_can_be_used_again(bench: Bench) -> None:
    for number, status in enumerate((CardStatus.PENDING, CardStatus.FROZEN)):
        await bench.open(card_status=status)
        if not number:
            await bench.fund(1_000)
        refused = declined(await bench.authorize(f"refused-{number}", 100))
        same(refused is not None, True, f"a {status} card is refused")
        await bench.open(card_status=CardStatus.ACTIVE)
        await bench.approve(f"a{number}", 100)
