"""Indexes for what costs more the more tickets there are

Revision: 0014, after 0013

What is blocked or on hold at a stage is counted from its index alone, and an author's tickets are
found.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BLOCKED = "state <> 'closed' AND open_blockers > 0"
ON_HOLD = "state = 'on_hold'"
INDEXES = (
    (
        "ix_tickets_blocked_at_stage",
        ("project_id", "current_stage", "state", "claimed_by", "open_blockers", "ticket_id"),
        BLOCKED,
    ),
    ("ix_tickets_on_hold", ("project_id", "current_stage", "state"), ON_HOLD),
    ("ix_tickets_created_by", ("created_by",), "created_by IS NOT NULL"),
)


def upgrade() -> None:
    for name, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, "tickets", list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name="tickets")
