"""What is claimed, by project and stage

The index of claimed tickets says at which stage of which project each is: to count what runs, no
table is read. PostgreSQL sees from it how few these are, also before it has statistics.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NAME = "ix_tickets_claimed_by"
CLAIMED = sa.text("claimed_by IS NOT NULL")


def _make_anew(*columns: str) -> None:
    op.drop_index(NAME, table_name="tickets")
    op.create_index(NAME, "tickets", list(columns), sqlite_where=CLAIMED, postgresql_where=CLAIMED)


def upgrade() -> None:
    _make_anew("claimed_by", "project_id", "current_stage", "ticket_id")


def downgrade() -> None:
    _make_anew("claimed_by")
