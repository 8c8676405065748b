"""The ledger in PostgreSQL: what was committed is the truth. Its tables are made by ``migrate.py``, apart: a worker has
no use for Alembic."""

from engine.adapters.postgres.connection import PATIENCE_S, connect
from engine.adapters.postgres.cursors import Cursor
from engine.adapters.postgres.lease import Lease
from engine.adapters.postgres.ledger import PostgresLedger
from engine.adapters.postgres.owners import account_ids
from engine.adapters.postgres.recording import CONNECTIONS as HOT_CONNECTIONS

__all__ = ["HOT_CONNECTIONS", "PATIENCE_S", "Cursor", "Lease", "PostgresLedger", "account_ids", "connect"]
