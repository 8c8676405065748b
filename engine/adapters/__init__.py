"""Production adapters of the ports: PostgreSQL, Redis, any EVM node, the machine's clock."""
