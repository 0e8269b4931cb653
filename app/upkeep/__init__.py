"""Keeping the database well: backups, moving house, pruning, and looking for what is wrong."""
