"""Alembic's entry: runs on the connection that `videomoments.db.migrate` hands over (`moments db upgrade`)."""

from __future__ import annotations

from alembic import context

from videomoments.db.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, compare_type=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
