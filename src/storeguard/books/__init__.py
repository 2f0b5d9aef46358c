"""The inventory CSVs, their merging and text logs, and the SQL journal.

The only package that imports pandas, SQLAlchemy and Alembic.
"""
