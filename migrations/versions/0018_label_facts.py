"""What lists of a million tickets find theirs by

Labels repeat what their tickets are found by, tickets say whether they have labels, and those with
a worker type in their plan have an index.

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

# All of it can be made anew from tickets and labels, so its triggers stand once, in the
# application: a migration that changes them makes them anew too.
from app.db.label_facts import LABEL_FACTS

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PLAN_KEY = sa.text("substr(CAST(execution_plan AS TEXT), 1, 500)")
UNLABELLED = sa.text("NOT has_labels")


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # PostgreSQL writes the indexes of each ticket that changes anew; most have labels.
    default = sa.false() if is_sqlite else sa.true()
    op.add_column(
        "tickets", sa.Column("has_labels", sa.Boolean(), server_default=default, nullable=False)
    )
    for column in (
        sa.Column("project_id", sa.Text(), server_default="", nullable=False),
        sa.Column("is_closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="2", nullable=False),
    ):
        op.add_column("ticket_labels", column)
    op.drop_index("ix_ticket_labels_label_ticket_id", table_name="ticket_labels")
    LABEL_FACTS.create(op.get_bind())
    if not is_sqlite:
        op.alter_column("tickets", "has_labels", server_default=sa.false())
    op.create_index(
        "ix_ticket_labels_found",
        "ticket_labels",
        ["label", "is_closed", "ticket_id", "priority", "project_id"],
    )
    op.create_index(
        "ix_tickets_unlabelled",
        "tickets",
        ["state", "project_id", "priority", "ticket_id", "has_labels"],
        sqlite_where=UNLABELLED,
        postgresql_where=UNLABELLED,
    )
    op.create_index("ix_tickets_plan", "tickets", [PLAN_KEY, "state", "ticket_id"])


def downgrade() -> None:
    LABEL_FACTS.drop(op.get_bind())
    op.drop_index("ix_tickets_plan", table_name="tickets")
    op.drop_index("ix_tickets_unlabelled", table_name="tickets")
    op.drop_index("ix_ticket_labels_found", table_name="ticket_labels")
    op.create_index("ix_ticket_labels_label_ticket_id", "ticket_labels", ["label", "ticket_id"])
    for column in ("priority", "is_closed", "project_id"):
        op.drop_column("ticket_labels", column)
    op.drop_column("tickets", "has_labels")
