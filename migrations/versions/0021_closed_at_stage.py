"""What few of the closed tickets are

Tickets that were stopped, and those that were closed before their plan was done, have small indexes
in the order of their ids, as labels have.

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_tickets_stopped", ("ticket_id", "resolution"), "resolution <> 'completed'"),
    (
        "ix_tickets_closed_at_stage",
        (sa.text("coalesce(current_stage, '')"), "ticket_id", "state", "current_stage"),
        "state = 'closed' AND current_stage IS NOT NULL",
    ),
)


def upgrade() -> None:
    for name, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, "tickets", list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name="tickets")
