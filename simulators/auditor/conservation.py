"""I1: money is neither made nor lost.

Rule. Every journal entry sums to zero in each asset, and moves something. On chain, the total supply of CardToken
equals the USDC that it holds.

Evidence. The entries of an engine that shows its journal (an engine that does not is not judged by that half), and the
two figures read from the node after each block.

No false alarm. Both are equalities of figures taken at one instant. USDC that a stranger sends to the contract would
break the second until it is swept; no actor of this world does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulators.auditor.book import Book
from simulators.auditor.words import usdc, when


def entry(book: Book, at_ns: int, ref: str, postings: Iterable[tuple[str, str, str, int]]) -> None:
    """``postings`` are (book, owner, asset, amount); the amounts of each asset have to cancel out."""
    sums: dict[str, int] = {}
    for _, _, asset, amount in postings:
        sums[asset] = sums.get(asset, 0) + amount
    for asset, left in sums.items():
        if left:
            book.found(
                "I1", at_ns, ref, _owner(postings),
                f"the journal entry for {ref} does not sum to zero: {left:+,} {asset} left over in {list(postings)}",
            )  # fmt: skip


def _owner(postings: Any) -> str:
    return next((owner for _, owner, _, _ in postings if owner), "")


def supply(book: Book, at_ns: int, total_supply_usdc6: int, usdc_held_usdc6: int) -> None:
    """The two figures of one instant."""
    if total_supply_usdc6 != usdc_held_usdc6 and (total_supply_usdc6, usdc_held_usdc6) != book.last_supply:
        book.found(
            "I1", at_ns, "", "",
            f"at {when(at_ns)} {usdc(total_supply_usdc6)} of CardToken are out and {usdc(usdc_held_usdc6)} are held: "
            f"a difference of {usdc(usdc_held_usdc6 - total_supply_usdc6)}",
        )  # fmt: skip
    book.last_supply = (total_supply_usdc6, usdc_held_usdc6)
