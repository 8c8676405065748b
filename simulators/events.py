"""The events table: one row for everything that crosses the wire or happens on chain (docs/ARCHITECTURE.md)."""

from __future__ import annotations

from simulators.kernel import Column

COLUMNS = (
    Column("at_ns", "int64"),
    Column("kind", "str"),
    Column("ref", "str"),
    Column("account", "str"),
    Column("network", "str"),
    Column("amount_cents", "int64"),
    Column("amount_usdc6", "int64"),
    Column("result", "str"),
    Column("latency_ns", "int64"),
    Column("detail", "str"),
)
