"""Alembic's scripts for the journal; run by `journal.Journal.open`."""
