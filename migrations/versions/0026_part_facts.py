"""Whether a ticket has parts

Tickets repeat of their parts that there are some, and those that have any stand in an index of
their own.

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

# It can be made anew from tickets, so its triggers stand once, in the application: a migration
# that changes them makes them anew too.
from app.db.part_facts import PART_FACTS

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WITH_PARTS = sa.text("has_children")


def upgrade() -> None:
    op.add_column(
        "tickets",
        sa.Column("has_children", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    PART_FACTS.create(op.get_bind())
    op.create_index(
        "ix_tickets_with_parts",
        "tickets",
        ["state", "project_id", "priority", "ticket_id", "has_children"],
        sqlite_where=WITH_PARTS,
        postgresql_where=WITH_PARTS,
    )


def downgrade() -> None:
    PART_FACTS.drop(op.get_bind())
    op.drop_index("ix_tickets_with_parts", table_name="tickets")
    op.drop_column("tickets", "has_children")
