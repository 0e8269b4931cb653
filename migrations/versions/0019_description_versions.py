"""What descriptions said before.

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))",
    "postgresql": "CURRENT_TIMESTAMP",
}


def upgrade() -> None:
    now = sa.text(NOW[op.get_bind().dialect.name])
    op.create_table(
        "description_versions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_description_versions_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_description_versions")),
    )
    op.create_index(
        op.f("ix_description_versions_ticket_id_id"), "description_versions", ["ticket_id", "id"]
    )


def downgrade() -> None:
    op.drop_table("description_versions")
