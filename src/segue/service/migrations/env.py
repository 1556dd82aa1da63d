"""Run migrations on the connection that `database.migrate` gives."""

from alembic import context

from segue.service.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
