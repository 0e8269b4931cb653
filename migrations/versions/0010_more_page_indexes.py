"""Indexes for what the sidebar, the inbox and the dashboard count

Revision: 0010, after 0009

Each answers alone: the rows of tickets and events needn't be read to count what asks, or to find
what has stood longest in a queue.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IN_QUEUE = "state = 'open' AND claimed_by IS NULL AND open_blockers = 0"
HOLDS = "event_type IN ('ticket_attention_requested', 'ticket_held')"
INBOX = "needs_attention AND processed = false"
INBOX_BEFORE = "needs_attention AND NOT processed"
RESTS = "backoff_until IS NOT NULL"
BACKOFF_INDEX = "ix_tickets_backoff_until"


def upgrade() -> None:
    # In these words no other index answers: SQLite took that of all that isn't processed.
    op.drop_index("ix_events_inbox", table_name="events")
    _create(
        "ix_events_inbox",
        "events",
        ("id", "event_type", "project_id", "needs_attention", "processed"),
        INBOX,
    )
    _create("ix_events_holds", "events", ("ticket_id", "id", "event_type", "created_at"), HOLDS)
    _create(
        "ix_tickets_queue_age",
        "tickets",
        (
            "project_id",
            "current_stage",
            "ready_at",
            "backoff_until",
            "priority",
            "ticket_id",
            "state",
            "claimed_by",
            "open_blockers",
        ),
        IN_QUEUE,
    )
    op.drop_index(BACKOFF_INDEX, table_name="tickets")
    _create(
        BACKOFF_INDEX,
        "tickets",
        (
            "backoff_until",
            "project_id",
            "current_stage",
            "state",
            "claimed_by",
            "open_blockers",
        ),
        RESTS,
    )


def downgrade() -> None:
    op.drop_index(BACKOFF_INDEX, table_name="tickets")
    _create(BACKOFF_INDEX, "tickets", ("backoff_until",), RESTS)
    op.drop_index("ix_tickets_queue_age", table_name="tickets")
    op.drop_index("ix_events_holds", table_name="events")
    op.drop_index("ix_events_inbox", table_name="events")
    _create("ix_events_inbox", "events", ("id",), INBOX_BEFORE)


def _create(name: str, table: str, columns: tuple[str, ...], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
