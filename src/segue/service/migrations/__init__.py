"""Changes of the service's tables, oldest first; Alembic runs them when the database is opened."""
