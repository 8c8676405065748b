"""Alembic's entry: migrations run on the connection that ``migrate`` hands in."""

from alembic import context

from engine.adapters.postgres.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
