"""Pauses and leases that survive a clock set back; runs and workers bound to their API token.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

READY = sa.text("state = 'open' AND claimed_by IS NULL AND open_blockers = 0")
QUEUE = ["project_id", "current_stage", "priority", "created_at", "ticket_id", "ready_at"]

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("tickets", _time("backoff_until"))
    op.execute("UPDATE tickets SET backoff_until = ready_at WHERE failed_attempts > 0")
    _replace_queue_index([*QUEUE, "backoff_until"])
    op.add_column("stage_runs", _time("lease_renewed_at"))
    op.add_column("stage_runs", sa.Column("report_digest", sa.Text(), nullable=True))
    op.add_column(
        "stage_runs",
        sa.Column("refused_reports", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column("events", sa.Column("run_id", BigId, nullable=True))
    for table in ("workers", "stage_runs"):
        # A number that is kept, without a foreign key: whatever becomes of the token, nobody else
        # takes its place.
        op.add_column(table, sa.Column("token_id", BigId, nullable=True))


def downgrade() -> None:
    for table in ("stage_runs", "workers"):
        op.drop_column(table, "token_id")
    op.drop_column("events", "run_id")
    for column in ("refused_reports", "report_digest", "lease_renewed_at"):
        op.drop_column("stage_runs", column)
    _replace_queue_index(QUEUE)
    op.drop_column("tickets", "backoff_until")


def _time(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _replace_queue_index(columns: list[str]) -> None:
    name = op.f("ix_tickets_queue")
    op.drop_index(name, table_name="tickets")
    op.create_index(name, "tickets", columns, sqlite_where=READY, postgresql_where=READY)
