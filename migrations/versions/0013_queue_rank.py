"""Where a ticket stands in its queue, among those of its priority: by age, until somebody moves it.

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = ("project_id", "current_stage", "priority")
AFTER = (
    "created_at",
    "ticket_id",
    "ready_at",
    "backoff_until",
    "state",
    "claimed_by",
    "open_blockers",
)
IN_QUEUE = sa.text("state = 'open' AND claimed_by IS NULL AND open_blockers = 0")

NOW = {
    "sqlite": "(CAST(strftime('%s', 'now') AS INTEGER) * 1024000000"
    " + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1024000)",
    "postgresql": "(CAST(extract(epoch FROM CURRENT_TIMESTAMP) * 1000000 AS BIGINT) * 1024)",
}
BY_AGE = {
    # SQLite keeps times as texts, with six digits after the second.
    "sqlite": "CAST(strftime('%s', created_at) AS INTEGER) * 1024000000"
    " + CAST(substr(created_at, 21, 6) AS INTEGER) * 1024",
    "postgresql": "CAST(extract(epoch FROM created_at) * 1000000 AS BIGINT) * 1024",
}


def upgrade() -> None:
    kind = op.get_bind().dialect.name
    op.drop_index("ix_tickets_queue", table_name="tickets")
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(
            sa.Column(
                "queue_rank", sa.BigInteger(), server_default=sa.text(NOW[kind]), nullable=False
            )
        )
    op.execute(f"UPDATE tickets SET queue_rank = {BY_AGE[kind]}")  # noqa: S608 - ours
    _create_queue(*BEFORE, "queue_rank", *AFTER)


def downgrade() -> None:
    op.drop_index("ix_tickets_queue", table_name="tickets")
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_column("queue_rank")
    _create_queue(*BEFORE, *AFTER)


def _create_queue(*columns: str) -> None:
    op.create_index(
        "ix_tickets_queue",
        "tickets",
        list(columns),
        sqlite_where=IN_QUEUE,
        postgresql_where=IN_QUEUE,
    )
