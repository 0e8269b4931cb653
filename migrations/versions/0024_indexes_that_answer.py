"""Indexes that answer alone

Two indexes have a column more, so that no table is read: that of claimed tickets says at which
stage of which project each is, and that of open tickets by stage has the stage itself, beside the
expression that they are sorted by. PostgreSQL sees then that these are the shortest way.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

STAGE = sa.text("coalesce(current_stage, '')")
INDEXES = (
    (
        "ix_tickets_claimed_by",
        ("claimed_by",),
        ("project_id", "current_stage", "ticket_id"),
        "claimed_by IS NOT NULL",
    ),
    ("ix_tickets_open_stage", (STAGE, "ticket_id"), ("current_stage",), "state <> 'closed'"),
)


def _make_anew(name: str, columns: tuple[object, ...], condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(name, table_name="tickets")
    op.create_index(name, "tickets", list(columns), sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    for name, columns, more, condition in INDEXES:
        _make_anew(name, (*columns, *more), condition)


def downgrade() -> None:
    for name, columns, _, condition in INDEXES:
        _make_anew(name, columns, condition)
