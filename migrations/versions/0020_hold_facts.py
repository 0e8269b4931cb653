"""Since when a ticket asks

Tickets repeat of the event that put them on hold since when they ask, and are found in that order.
What is blocked at a stage is found in the order of its queue.

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

# It can be made anew from events, so its triggers stand once, in the application: a migration that
# changes them makes them anew too.
from app.db.hold_facts import ASKS_SINCE, HOLD_FACTS

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BLOCKED = sa.text("state <> 'closed' AND open_blockers > 0")
IN_CONDITION = ("state", "claimed_by", "open_blockers")
PLACE = ("project_id", "current_stage")
ORDER = ("priority", "queue_rank", "created_at", "ticket_id")


def upgrade() -> None:
    op.add_column("tickets", sa.Column("asks_since", sa.DateTime(timezone=True)))
    op.execute(f"UPDATE tickets SET asks_since = {ASKS_SINCE} WHERE state = 'on_hold'")  # noqa: S608 - ours
    HOLD_FACTS.create(op.get_bind())
    asking = sa.text("asks_since IS NOT NULL")
    op.create_index(
        "ix_tickets_asking",
        "tickets",
        [sa.text("(priority <> 0)"), "asks_since", "ticket_id", "project_id"],
        sqlite_where=asking,
        postgresql_where=asking,
    )
    _index_blocked(*PLACE, *ORDER, *IN_CONDITION)


def downgrade() -> None:
    HOLD_FACTS.drop(op.get_bind())
    _index_blocked(*PLACE, *IN_CONDITION, "ticket_id")
    op.drop_index("ix_tickets_asking", table_name="tickets")
    op.drop_column("tickets", "asks_since")


def _index_blocked(*columns: str) -> None:
    op.drop_index("ix_tickets_blocked_at_stage", table_name="tickets")
    op.create_index(
        "ix_tickets_blocked_at_stage",
        "tickets",
        list(columns),
        sqlite_where=BLOCKED,
        postgresql_where=BLOCKED,
    )
