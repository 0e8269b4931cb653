"""Words of the index

What FTS5 keeps on SQLite gives its words in order, too, so that the beginning of one is looked up.
Nothing is made anew, and an older version works with it, too.

Revision: 0025, after 0024
"""

from alembic import op

from app.db import full_text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(full_text.SQLITE_WORDS)


def downgrade() -> None:
    pass
