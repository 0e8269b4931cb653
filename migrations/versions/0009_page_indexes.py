"""Indexes for each filter and order of the lists, so that no page grows with the board.

Revision: 0009, after 0008

Most are partial: what is open, blocked or stopped is a small part of a board that has been used for
years, and a column that is mostly empty misleads the planner once it has statistics.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NOT_CLOSED = "state <> 'closed'"
BLOCKED = "state <> 'closed' AND open_blockers > 0"

TITLE = sa.text("lower(title)")
STAGE = sa.text("coalesce(current_stage, '')")
LENGTH_OF_ID = sa.text("length(ticket_id)")

TICKETS = (
    # All tickets in each order of the list; two more are there already.
    ("ix_tickets_title", (TITLE, "ticket_id"), None),
    ("ix_tickets_stage", (STAGE, "ticket_id"), None),
    ("ix_tickets_priority_ticket_id", ("priority", "ticket_id"), None),
    ("ix_tickets_number", ("project_id", LENGTH_OF_ID, "ticket_id"), None),
    # The same of those that aren't closed.
    ("ix_tickets_open_updated", ("updated_at", "ticket_id"), NOT_CLOSED),
    ("ix_tickets_open_created", ("created_at", "ticket_id"), NOT_CLOSED),
    ("ix_tickets_open_title", (TITLE, "ticket_id"), NOT_CLOSED),
    ("ix_tickets_open_stage", (STAGE, "ticket_id"), NOT_CLOSED),
    ("ix_tickets_open_priority", ("priority", "ticket_id"), NOT_CLOSED),
    ("ix_tickets_open_number", ("project_id", LENGTH_OF_ID, "ticket_id"), NOT_CLOSED),
    # What a list may be narrowed to.
    (
        "ix_tickets_stage_of_project",
        ("project_id", STAGE, "state", "priority", "ticket_id"),
        None,
    ),
    ("ix_tickets_blocked", ("created_at", "ticket_id"), BLOCKED),
    (
        "ix_tickets_blocked_of_project",
        ("project_id", "priority", "created_at", "ticket_id"),
        BLOCKED,
    ),
    ("ix_tickets_resolution", ("resolution", "updated_at", "ticket_id"), "resolution IS NOT NULL"),
    ("ix_tickets_project_id_state_closed_at", ("project_id", "state", "closed_at"), None),
    ("ix_tickets_any_case", (sa.text("lower(ticket_id)"),), None),
)
OF_A_VALUE = ("parent_id", "claimed_by", "backoff_until")
"""Columns of tickets that are mostly empty: only what stands in them is in the index."""


QUEUE = (
    "project_id",
    "current_stage",
    "priority",
    "created_at",
    "ticket_id",
    "ready_at",
    "backoff_until",
)
IN_QUEUE = "state = 'open' AND claimed_by IS NULL AND open_blockers = 0"


def upgrade() -> None:
    # SQLite looks at what the condition says again: with these columns, in the index itself.
    op.drop_index(op.f("ix_tickets_queue"), table_name="tickets")
    _create(
        "ix_tickets_queue", "tickets", (*QUEUE, "state", "claimed_by", "open_blockers"), IN_QUEUE
    )
    for column in ("parent_id", "claimed_by"):
        op.drop_index(op.f(f"ix_tickets_{column}"), table_name="tickets")
    for column in OF_A_VALUE:
        _create(op.f(f"ix_tickets_{column}"), "tickets", (column,), f"{column} IS NOT NULL")
    for name, columns, condition in TICKETS:
        _create(op.f(name), "tickets", columns, condition)
    _create("ix_events_unprocessed", "events", ("id",), "NOT processed")


def downgrade() -> None:
    op.drop_index("ix_events_unprocessed", table_name="events")
    for name, _, _ in reversed(TICKETS):
        op.drop_index(op.f(name), table_name="tickets")
    for column in reversed(OF_A_VALUE):
        op.drop_index(op.f(f"ix_tickets_{column}"), table_name="tickets")
    for column in ("parent_id", "claimed_by"):
        op.create_index(op.f(f"ix_tickets_{column}"), "tickets", [column])
    op.drop_index(op.f("ix_tickets_queue"), table_name="tickets")
    _create("ix_tickets_queue", "tickets", QUEUE, IN_QUEUE)


def _create(
    name: str, table: str, columns: tuple[str | sa.TextClause, ...], condition: str | None
) -> None:
    where = sa.text(condition) if condition else None
    op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)
