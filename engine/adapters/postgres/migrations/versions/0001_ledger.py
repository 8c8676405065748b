"""The tables of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Everything, from nothing."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kyc_level", sa.Integer(), nullable=False),
        sa.Column("mandates", postgresql.JSONB(), nullable=False),
        sa.Column("view", sa.BigInteger(), nullable=False, comment="how often it was opened"),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="of its newest image"),
        sa.Column("available_usdc6", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held_usdc6", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unsettled_usdc6", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("withdrawing_usdc6", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("receivable_usdc6", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="accounts_pkey"),
        comment="Customers, with their books; receivable is below zero while the customer owes.",
    )
    op.create_table(
        "answers",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("response", postgresql.JSONB(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name="answers_pkey"),
        comment="What was answered under an idempotency key.",
    )
    op.create_index("answers_stored_at_idx", "answers", ["stored_at"], unique=False)
    op.create_table(
        "authorizations",
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False, comment="empty for the mark of a reversal that came first"),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("authorized_cents", sa.BigInteger(), nullable=False),
        sa.Column("held_cents", sa.BigInteger(), nullable=False),
        sa.Column("captured_cents", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counted_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.Text(), nullable=False),
        sa.Column("mcc", sa.Text(), nullable=False),
        sa.Column("released_cents", sa.BigInteger(), nullable=False),
        sa.Column("expired_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunded_cents", sa.BigInteger(), nullable=False),
        sa.Column("counter_id", sa.Text(), nullable=False),
        sa.Column("mandate_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authorization_id", name="authorizations_pkey"),
    )
    op.create_index("authorizations_counted", "authorizations", ["account_id", "counted_at_ns"], unique=False)
    op.create_index(
        "authorizations_due",
        "authorizations",
        ["expires_at_ns"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "authorizations_held",
        "authorizations",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("held_cents > 0"),
    )
    op.create_table(
        "disputes",
        sa.Column("presentment_id", sa.Text(), nullable=False),
        sa.Column("dispute", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("presentment_id", name="disputes_pkey"),
    )
    op.create_table(
        "entries",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("amount_usdc6", sa.BigInteger(), nullable=False),
        sa.Column("receivable_usdc6", sa.BigInteger(), nullable=False),
        sa.Column("postings", postgresql.JSONB(), nullable=False, comment="[book, owner, asset, amount] each"),
        sa.PrimaryKeyConstraint("entry_id", name="entries_pkey"),
        comment="The journal, append-only; the postings of an entry sum to zero in each asset.",
    )
    op.create_index("entries_ref_idx", "entries", ["ref"], unique=False)
    op.create_table(
        "forced",
        sa.Column("forced_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("counted_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("spend", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("forced_id", name="forced_pkey"),
        comment="Captures without an authorization, which some limit policies count.",
    )
    op.create_index("forced_counted", "forced", ["account_id", "counted_at_ns"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="outbox_pkey"),
        comment="Changes that the hold store may not have followed.",
    )
    op.create_index("outbox_outbox_id_idx", "outbox", ["outbox_id"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="cursors_pkey"),
        comment="How far the chain has been read.",
    )
    op.create_table(
        "posted",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name="posted_pkey"),
        comment="What is done for good: presentments, deposits, withdrawals.",
    )
    op.create_table(
        "queued",
        sa.Column("queued_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("amount_usdc6", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queued_id", name="queued_pkey"),
        comment="Captured money that waits to be burned; credits are negative.",
    )
    op.create_index("queued_account_id_idx", "queued", ["account_id"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("formed_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("amounts_usdc6", postgresql.JSONB(), nullable=False),
        sa.Column("closed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", name="settlements_pkey"),
    )
    op.create_index(
        "settlements_open", "settlements", ["formed_id"], unique=False, postgresql_where=sa.text("closed = 0")
    )
    op.create_table(
        "statement_lines",
        sa.Column("line_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("amount_usdc6", sa.BigInteger(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False, comment="that a sale or a refund names"),
        sa.Column(
            "written",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text::bigint)"),
            nullable=False,
            comment="the transaction that wrote it",
        ),
        sa.PrimaryKeyConstraint("line_id", name="statement_lines_pkey"),
        comment="The ledger export.",
    )
    op.create_index(
        "statement_lines_named",
        "statement_lines",
        ["authorization_id"],
        unique=False,
        postgresql_where=sa.text("authorization_id <> ''"),
    )
    op.create_index("statement_lines_written", "statement_lines", ["written", "line_id"], unique=False)
    op.create_index("statement_lines_account", "statement_lines", ["account_id", "line_id"], unique=False)
    op.create_index("statement_lines_ref_idx", "statement_lines", ["ref"], unique=False)
    op.create_table(
        "cards",
        sa.Column("card_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("limits", postgresql.JSONB(), nullable=True),
        sa.Column("mandate_id", sa.Text(), nullable=False),
        sa.Column("counter_id", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False, comment="all that is kept of the PAN"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name="cards_account_id_fkey"),
        sa.PrimaryKeyConstraint("card_id", name="cards_pkey"),
    )
    op.create_index("cards_account_id_idx", "cards", ["account_id"], unique=False)


def downgrade() -> None:
    """Refused: before this there was nothing, and a journal is never dropped."""
    raise NotImplementedError("a ledger is not undone; drop the database by hand if that is meant")
