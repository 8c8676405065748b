"""The ledger in PostgreSQL: what was committed is the truth. Its tables are made by ``migrate.py``, apart: a worker has
no use for Alembic."""

from engine.adapters.postgres.connection import connect
from engine.adapters.postgres.cursors import Cursor
from engine.adapters.postgres.lease import Lease
from engine.adapters.postgres.ledger import PostgresLedger
from engine.adapters.postgres.owners import account_ids

__all__ = ["Cursor", "Lease", "PostgresLedger", "account_ids", "connect"]
