"""Production adapters of the ports; so far the ledger on PostgreSQL."""
