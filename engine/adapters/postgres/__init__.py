"""The ledger in PostgreSQL: what was committed is the truth."""

from engine.adapters.postgres.connection import connect
from engine.adapters.postgres.cursors import Cursor
from engine.adapters.postgres.lease import Lease
from engine.adapters.postgres.ledger import PostgresLedger
from engine.adapters.postgres.migrate import migrate
from engine.adapters.postgres.owners import account_ids

__all__ = ["Cursor", "Lease", "PostgresLedger", "account_ids", "connect", "migrate"]
