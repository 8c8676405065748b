"""The kinds of fault, and which of them a scenario's globs name."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """Every fault that can be injected; the word before the dot is what it hits."""

    DELAY = "network.delay"
    DROP_REQUEST = "network.drop_request"
    DROP_ANSWER = "network.drop_answer"
    DUPLICATE = "network.duplicate"
    REORDER = "network.reorder"
    """A message is held until another one of its network has overtaken it."""
    PARTITION_IN = "network.partition_in"
    """For a while nothing reaches the engine, though its answers would get out."""
    PARTITION_OUT = "network.partition_out"
    """For a while the engine hears everything, and no answer of it arrives."""
    CLOG = "network.clog"
    """For a while messages wait, and then all of them arrive at once."""
    LATE_ANSWER = "network.late_answer"
    """The answer arrives after the network's deadline."""
    REVERSAL_FIRST = "network.reversal_first"
    """The request is held on its way until the network has given up and reversed it."""

    CRASH = "process.crash"
    """The process dies and is started again: what it had in memory is gone, the stores have everything."""
    POWER_CUT = "process.power_cut"
    """As a crash; and the fast store loses what it had not yet written out."""
    PAUSE = "process.pause"
    """The process stands still for a while, its sockets open."""
    SLOW = "process.slow"
    """For a while the process gets little of its processor."""

    STORE_SLOW = "store.slow"
    STORE_FAILED = "store.failed"
    """A call to a store does nothing and fails."""
    UNKNOWN_OUTCOME = "store.unknown_outcome"
    """A call to a store takes effect and fails all the same."""
    SERIALIZATION_CONFLICT = "store.serialization_conflict"
    """A transaction of the ledger is rolled back after its work was done, and run again."""

    CACHE_FLUSH = "cache.flush"
    CACHE_FAILOVER = "cache.failover"
    """The fast store goes back to its last checkpoint: acknowledged writes are gone."""
    CACHE_EVICT = "cache.evict"

    CLOCK_SKEW = "clock.skew"
    CLOCK_STEP = "clock.step"
    CALENDAR_EDGE = "clock.calendar_edge"
    """The traffic goes over a month's end, a leap day, a year's end or a change of daylight saving time."""

    REORG = "chain.reorg"
    RPC_UNKNOWN_OUTCOME = "chain.rpc_unknown_outcome"
    RPC_DOWN = "chain.rpc_down"
    STUCK_NONCE = "chain.stuck_nonce"
    SKIPPED_NONCE = "chain.skipped_nonce"
    FEE_SPIKE = "chain.fee_spike"
    DROPPED_TRANSACTION = "chain.dropped_transaction"
    PAUSED_CONTRACT = "chain.paused_contract"
    TRANSFER_REFUSED = "chain.transfer_refused"

    NOTICE_LOST = "notice.lost"
    NOTICE_DUPLICATE = "notice.duplicate"
    NOTICE_DELAY = "notice.delay"
    NOTICE_REORDER = "notice.reorder"

    CLEARING_MISSING = "clearing.missing"
    CLEARING_DUPLICATE = "clearing.duplicate"
    CLEARING_UNMATCHED = "clearing.unmatched"
    CLEARING_AMOUNT_DRIFT = "clearing.amount_drift"
    CLEARING_CURRENCY_DRIFT = "clearing.currency_drift"

    # New kinds come last, whatever they hit: a storm's place in the plan names its random stream.
    DEEP_REORG = "chain.deep_reorg"
    """Several blocks are undone, never a final one; what was in them is mined again, in other blocks and order."""
    SETTLEMENT_REFUSED = "chain.settlement_refused"
    """USDC does not go to the treasury: it is blocked, or USDC is stopped."""
    PARTITION = "network.partition"
    """For a while nothing reaches the engine, and no answer of it arrives."""

    @property
    def group(self) -> str:
        """``network``, ``process``, ``store`` ..."""
        return self.value.partition(".")[0]


def chosen(globs: Sequence[str]) -> tuple[FaultKind, ...]:
    """The kinds that fit any of ``globs`` (``all``, ``network.*``, ``process.crash``), in order.

    Raises ValueError for a glob that fits none, naming the nearest.
    """
    for glob in globs:
        if glob != "all" and not any(fnmatchcase(kind, glob) for kind in FaultKind):
            groups = [f"{group}.*" for group in dict.fromkeys(kind.group for kind in FaultKind)]
            near = get_close_matches(glob, ["all", *groups, *FaultKind], n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FaultKind)}"
            raise ValueError(f"no fault is called {glob!r}: {hint}")
    return tuple(kind for kind in FaultKind if any(glob == "all" or fnmatchcase(kind, glob) for glob in globs))
