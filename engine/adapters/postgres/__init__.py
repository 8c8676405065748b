"""The ledger in PostgreSQL: what was committed is the truth."""

from engine.adapters.postgres.connection import connect
from engine.adapters.postgres.ledger import PostgresLedger
from engine.adapters.postgres.migrate import migrate

__all__ = ["PostgresLedger", "connect", "migrate"]
