"""Who is named in a text, until they have seen it.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNSEEN = sa.text("seen_at IS NULL")
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = {
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))",
    "postgresql": "CURRENT_TIMESTAMP",
}


def upgrade() -> None:
    now = sa.text(NOW[op.get_bind().dialect.name])
    op.create_table(
        "mentions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("comment_id", BigId, nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.{key}"],
                name=op.f(f"fk_mentions_{column}_{table}"),
                ondelete="CASCADE",
            )
            for column, table, key in (
                ("user_id", "users", "id"),
                ("ticket_id", "tickets", "ticket_id"),
                ("comment_id", "comments", "id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
    )
    op.create_index(
        "ix_mentions_unseen",
        "mentions",
        ["user_id", "id"],
        sqlite_where=UNSEEN,
        postgresql_where=UNSEEN,
    )
    for column in ("ticket_id", "comment_id"):
        op.create_index(op.f(f"ix_mentions_{column}"), "mentions", [column])


def downgrade() -> None:
    op.drop_table("mentions")
