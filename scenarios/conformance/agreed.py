"""Whether two engines gave the same answer, where the seam determines it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from typing import Any

from engine.interface import EngineError, StatementEntry
from scenarios.conformance.verdicts import same

ENDED = "recovery:expiry:"


async def answer_of(asking: Awaitable[Any]) -> Any:
    """What is answered, or the error with which it is refused."""
    try:
        return await asking
    except EngineError as error:
        return error


def agree(verb: str, ours: Any, theirs: Any) -> None:
    """Raises Broken where they differ; ``theirs`` is what the reference engine says."""
    if isinstance(ours, EngineError) or isinstance(theirs, EngineError):
        same(_refusal(ours), _refusal(theirs), f"the answer to {verb}")
    elif verb == "settle":
        same((ours.users, ours.settled_usdc6), (theirs.users, theirs.settled_usdc6), "users and amount of a settlement")
    elif verb == "expire":
        same(sorted(ours.expired), sorted(theirs.expired), "the holds that a tick ended")
    elif verb == "statement":
        same(_lines(ours), _lines(theirs), "the statement")
    else:
        same(ours, theirs, f"the answer to {verb}")


def _refusal(answer: Any) -> str:
    return type(answer).__name__ if isinstance(answer, EngineError) else f"no error but {answer!r}"


def _lines(statement: list[StatementEntry]) -> list[tuple[str, str, str, int]]:
    """Sorted, and without the ids of settlements, which each engine makes as it likes; what holds paid of a debt when
    they ended is one sum, since one tick ends them in any order.
    """
    lines: list[tuple[str, str, str, int]] = []
    by_ended: Counter[str] = Counter()
    for line in statement:
        if line.ref.startswith(ENDED):
            by_ended[line.account_id] += line.amount_usdc6
            continue
        ref = "" if line.ref.removeprefix("recovery:").startswith("0x") else line.ref
        lines.append((str(line.kind), ref, line.account_id, line.amount_usdc6))
    return sorted(lines + [("recovery", ENDED, account_id, paid) for account_id, paid in by_ended.items()])
