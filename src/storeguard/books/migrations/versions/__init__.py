"""One file a migration, numbered as in `tables.REVISIONS`."""
