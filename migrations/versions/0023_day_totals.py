"""What was created and closed on each day

Statistics of a long span add up the days that are over, instead of counting all of their tickets.

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

# It can be made anew from tickets, so its triggers stand once, in the application: a migration
# that changes them makes them anew too.
from app.db.day_totals import DAY_TOTALS

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_totals",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("created", "completed", "stopped")
        ),
        sa.PrimaryKeyConstraint("begins_at", name=op.f("pk_day_totals")),
    )
    DAY_TOTALS.create(op.get_bind())


def downgrade() -> None:
    DAY_TOTALS.drop(op.get_bind())
    op.drop_table("day_totals")
