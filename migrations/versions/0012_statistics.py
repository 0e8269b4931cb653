"""Indexes for what was created, closed and answered in a span of time.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ENDED = sa.text("resolution IS NOT NULL")
ANSWERED = sa.text("needs_attention AND processed")

PARTIAL = (
    ("ix_tickets_ended", "tickets", ("resolution", "closed_at"), ENDED),
    (
        "ix_tickets_ended_of_project",
        "tickets",
        ("project_id", "resolution", "closed_at", "ticket_id"),
        ENDED,
    ),
    ("ix_events_answered", "events", ("processed_at",), ANSWERED),
)


def upgrade() -> None:
    op.create_index(
        op.f("ix_tickets_project_id_created_at"), "tickets", ["project_id", "created_at"]
    )
    for name, table, columns, condition in PARTIAL:
        op.create_index(
            name, table, list(columns), sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    for name, table, _, _ in reversed(PARTIAL):
        op.drop_index(name, table_name=table)
    op.drop_index(op.f("ix_tickets_project_id_created_at"), table_name="tickets")
