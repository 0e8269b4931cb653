"""Beginnings of words

The full-text index of SQLite has lists of its own for beginnings of one or two letters, so it is
made anew. An older version works with it, too.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

from app.db import full_text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SHAPE = sa.text("SELECT sql FROM sqlite_master WHERE name = 'search_fts'")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" and "prefix" not in str(connection.scalar(SHAPE)):
        full_text.rebuild(connection)


def downgrade() -> None:
    pass
