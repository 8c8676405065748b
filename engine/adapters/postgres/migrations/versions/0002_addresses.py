"""An address on chain belongs to one account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Fails where two accounts have one address already: which of them owns its tokens, no migration can say."""
    op.create_index(
        "accounts_address",
        "accounts",
        [sa.text("lower(address)")],
        unique=True,
        postgresql_where=sa.text("address <> ''"),
    )


def downgrade() -> None:
    """The index alone goes."""
    op.drop_index("accounts_address", "accounts")
