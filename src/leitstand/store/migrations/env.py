"""Alembic's entry: runs the steps on the connection that store/migrate.py holds locked, or writes their SQL."""

from alembic import context

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], literal_binds=True, transactional_ddl=True)
else:
    context.configure(
        connection=attributes["connection"], transaction_per_migration=False, transactional_ddl=True
    )
context.run_migrations()
