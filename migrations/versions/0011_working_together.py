"""Who looks after a ticket, related tickets, what comments said before, limits, approvers, views.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ASSIGNED = sa.text("assignee_id IS NOT NULL")
SHARED = sa.text("user_id IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("assignee_id", BigId, nullable=True))
        tickets.create_foreign_key(
            op.f("fk_tickets_assignee_id_users"),
            "users",
            ["assignee_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index(
        op.f("ix_tickets_assignee_id"),
        "tickets",
        ["assignee_id"],
        sqlite_where=ASSIGNED,
        postgresql_where=ASSIGNED,
    )
    _create_related_tickets()
    op.add_column("comments", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comments", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _create_comment_versions()
    _create_limits()
    _create_gate_approvers()
    _change_saved_views()


def _create_related_tickets() -> None:
    op.create_table(
        "related_tickets",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("related_id", sa.Text(), nullable=False),
        _time("created_at"),
        sa.CheckConstraint("ticket_id <> related_id", name=op.f("ck_related_tickets_not_itself")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["tickets.ticket_id"],
                name=op.f(f"fk_related_tickets_{column}_tickets"),
                ondelete="CASCADE",
            )
            for column in ("ticket_id", "related_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "related_id", name=op.f("pk_related_tickets")),
    )
    op.create_index(op.f("ix_related_tickets_related_id"), "related_tickets", ["related_id"])


def _create_comment_versions() -> None:
    op.create_table(
        "comment_versions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("comment_id", BigId, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        _time("replaced_at"),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_versions_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_versions")),
    )
    op.create_index(op.f("ix_comment_versions_comment_id"), "comment_versions", ["comment_id"])


def _create_limits() -> None:
    for table, column in (("worker_types", "max_running"), ("projects", "max_in_progress")):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column(column, sa.Integer(), nullable=True))
            changed.create_check_constraint(op.f(f"ck_{table}_{column}"), f"{column} >= 1")


def _create_gate_approvers() -> None:
    op.create_table(
        "gate_approvers",
        sa.Column("worker_type_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_gate_approvers_{column}_{table}"),
                ondelete="CASCADE",
            )
            for column, table in (("worker_type_id", "worker_types"), ("user_id", "users"))
        ),
        sa.PrimaryKeyConstraint("worker_type_id", "user_id", name=op.f("pk_gate_approvers")),
    )
    op.create_index(op.f("ix_gate_approvers_user_id"), "gate_approvers", ["user_id"])


def _change_saved_views() -> None:
    with op.batch_alter_table("saved_views") as views:
        views.add_column(sa.Column("columns", sa.JSON(), server_default="[]", nullable=False))
        views.add_column(sa.Column("sort", sa.Text(), server_default="", nullable=False))
        views.add_column(sa.Column("layout", sa.Text(), server_default="list", nullable=False))
        views.add_column(
            sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        views.add_column(sa.Column("created_by", sa.Text(), nullable=True))
        views.create_check_constraint(op.f("ck_saved_views_layout"), "layout IN ('list', 'board')")
    op.create_index(
        "uq_saved_views_shared_name",
        "saved_views",
        ["name"],
        unique=True,
        sqlite_where=SHARED,
        postgresql_where=SHARED,
    )
    op.create_table(
        "default_views",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("view_id", BigId, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_default_views_{column}_{table}"),
                ondelete="CASCADE",
            )
            for column, table in (("user_id", "users"), ("view_id", "saved_views"))
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_default_views")),
    )
    op.create_index(op.f("ix_default_views_view_id"), "default_views", ["view_id"])


def _time(name: str) -> sa.Column[object]:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))" if is_sqlite else "CURRENT_TIMESTAMP"
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text(now), nullable=False)


def downgrade() -> None:
    op.drop_table("default_views")
    op.drop_index("uq_saved_views_shared_name", table_name="saved_views")
    with op.batch_alter_table("saved_views") as views:
        views.drop_constraint(op.f("ck_saved_views_layout"), type_="check")
        for column in ("created_by", "pinned", "layout", "sort", "columns"):
            views.drop_column(column)
    op.drop_table("gate_approvers")
    for table, column in (("projects", "max_in_progress"), ("worker_types", "max_running")):
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
            changed.drop_column(column)
    op.drop_table("comment_versions")
    for column in ("withdrawn_at", "edited_at"):
        op.drop_column("comments", column)
    op.drop_table("related_tickets")
    op.drop_index(op.f("ix_tickets_assignee_id"), table_name="tickets")
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_constraint(op.f("fk_tickets_assignee_id_users"), type_="foreignkey")
        tickets.drop_column("assignee_id")
