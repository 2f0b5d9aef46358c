"""Runs the migrations on the connection that the journal has open."""

from alembic import context

from storeguard.books.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place; Alembic copies it then.
    render_as_batch=True,
)
# The transaction is the journal's: all migrations and their version, or nothing.
context.run_migrations()
