"""What an operator decides about settling on a chain."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.words import address_word, read_address

GWEI = 10**9


@dataclass(frozen=True, slots=True)
class EvmSettings:
    """``token_address`` is CardToken's, and kept in EIP-55 form. Fees are wei a gas, times seconds.

    What is in a block is final once ``confirmations`` blocks are on top of it, or, with ``wait_finalized``, once the
    node's ``finalized`` tag has reached it. ``chain_id`` None: whichever the node has; else another one is refused.
    Raises ValueError for what cannot be.
    """

    token_address: str
    chain_id: int | None = None
    confirmations: int = 12
    wait_finalized: bool = False
    fee_cap_wei: int = 500 * GWEI
    """Nothing is ever offered above it; while the base fee is higher, settlements wait."""
    stuck_after_blocks: int = 5
    """What has waited for so many blocks is sent again for more."""
    log_window_blocks: int = 2_000
    """The widest range that one log query asks for; providers refuse wider ones."""
    first_block: int = 0
    """Where CardToken was deployed, or any block before: how far back an event may be looked for."""
    poll_s: float = 1.0
    """How often a new head is asked for."""
    patience_s: float = 60.0
    """After so long without a new head, ``wait_block`` returns all the same."""
    timeout_s: float = 10.0
    """Of one request."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "token_address", read_address(address_word(self.token_address)))
        for name in ("fee_cap_wei", "stuck_after_blocks", "log_window_blocks", "poll_s", "patience_s", "timeout_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} has to be positive, not {getattr(self, name)}")
        if self.confirmations < 0 or self.first_block < 0:
            raise ValueError("confirmations and first_block cannot be negative")
