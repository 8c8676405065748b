"""The tables of the ledger. Migrations make them (``migrations/``); a test holds the two against each other.

Amounts are whole millionths of a USDC or whole cents, as the names say; instants are UTC nanoseconds, which a bigint
holds until the year 2262. Rows that the domain reads only as a whole are kept as JSON (``stored.py``).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
    }
)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("kyc_level", Integer, nullable=False),
    Column("mandates", JSONB, nullable=False),
    Column("view", BigInteger, nullable=False, comment="how often it was opened"),
    Column("epoch", BigInteger, nullable=False, server_default=text("0"), comment="of its newest image"),
    _amount("available_usdc6"),
    _amount("held_usdc6"),
    _amount("unsettled_usdc6"),
    _amount("withdrawing_usdc6"),
    _amount("receivable_usdc6"),
    comment="Customers, with their books; receivable is below zero while the customer owes.",
)
ADDRESS = func.lower(ACCOUNTS.c.address, type_=Text())
HAS_ADDRESS = text("address <> ''")
Index("accounts_address", ADDRESS, unique=True, postgresql_where=HAS_ADDRESS)

CARDS = Table(
    "cards",
    METADATA,
    Column("card_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("network", Text, nullable=False),
    Column("expires_at_ns", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("limits", JSONB),
    Column("mandate_id", Text, nullable=False),
    Column("counter_id", Text, nullable=False),
    Column("last4", Text, nullable=False, comment="all that is kept of the PAN"),
)

AUTHORIZATIONS = Table(
    "authorizations",
    METADATA,
    Column("authorization_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, comment="empty for the mark of a reversal that came first"),
    Column("network", Text, nullable=False),
    Column("authorized_cents", BigInteger, nullable=False),
    Column("held_cents", BigInteger, nullable=False),
    Column("captured_cents", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("counted_at_ns", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger, nullable=False),
    Column("card_id", Text, nullable=False),
    Column("mcc", Text, nullable=False),
    Column("released_cents", BigInteger, nullable=False),
    Column("expired_cents", BigInteger, nullable=False),
    Column("refunded_cents", BigInteger, nullable=False),
    Column("counter_id", Text, nullable=False),
    Column("mandate_id", Text, nullable=False),
    Index("authorizations_counted", "account_id", "counted_at_ns"),
    Index("authorizations_held", "account_id", postgresql_where=text("held_cents > 0")),
    Index("authorizations_due", "expires_at_ns", postgresql_where=text("status = 'open'")),
)

ANSWERS = Table(
    "answers",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("response", JSONB, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp(), index=True),
    comment="What was answered under an idempotency key.",
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False, index=True),
    Column("account_id", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("amount_usdc6", BigInteger, nullable=False),
    Column("receivable_usdc6", BigInteger, nullable=False),
    Column("postings", JSONB, nullable=False, comment="[book, owner, asset, amount] each"),
    comment="The journal, append-only; the postings of an entry sum to zero in each asset.",
)

LINES = Table(
    "statement_lines",
    METADATA,
    Column("line_id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False, index=True),
    Column("account_id", Text, nullable=False),
    Column("amount_usdc6", BigInteger, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("authorization_id", Text, nullable=False, comment="that a sale or a refund names"),
    Column(
        "written",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id()::text::bigint)"),
        comment="the transaction that wrote it",
    ),
    Index("statement_lines_written", "written", "line_id"),
    Index("statement_lines_account", "account_id", "line_id"),
    Index("statement_lines_named", "authorization_id", postgresql_where=text("authorization_id <> ''")),
    comment="The ledger export.",
)

POSTED = Table(
    "posted",
    METADATA,
    Column("ref", Text, primary_key=True),
    comment="What is done for good: presentments, deposits, withdrawals.",
)

QUEUED = Table(
    "queued",
    METADATA,
    Column("queued_id", BigInteger, Identity(always=True), primary_key=True),
    Column("ref", Text, nullable=False),
    Column("account_id", Text, nullable=False, index=True),
    Column("amount_usdc6", BigInteger, nullable=False),
    comment="Captured money that waits to be burned; credits are negative.",
)

SETTLEMENTS = Table(
    "settlements",
    METADATA,
    Column("settlement_id", Text, primary_key=True),
    Column("formed_id", BigInteger, Identity(always=True), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("amounts_usdc6", JSONB, nullable=False),
    Column("closed", Integer, nullable=False, server_default=text("0")),
    Index("settlements_open", "formed_id", postgresql_where=text("closed = 0")),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("ref", Text, primary_key=True),
    Column("outbox_id", BigInteger, Identity(always=True), nullable=False, index=True),
    Column("changes", JSONB, nullable=False),
    comment="Changes that the hold store may not have followed.",
)

DISPUTES = Table(
    "disputes",
    METADATA,
    Column("presentment_id", Text, primary_key=True),
    Column("dispute", JSONB, nullable=False),
)

FORCED = Table(
    "forced",
    METADATA,
    Column("forced_id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("counted_at_ns", BigInteger, nullable=False),
    Column("spend", JSONB, nullable=False),
    Index("forced_counted", "account_id", "counted_at_ns"),
    comment="Captures without an authorization, which some limit policies count.",
)

CURSORS = Table(
    "cursors",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    comment="How far the chain has been read.",
)
