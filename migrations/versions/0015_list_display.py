"""How a person's lists of tickets look, and what a view that is a board is divided by.

A view's order has its place in the query, as the list reads it.

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE saved_views SET query = trim(query || ' sort:' || sort)"
        " WHERE sort <> '' AND query NOT LIKE '%sort:%'"
    )
    with op.batch_alter_table("saved_views") as views:
        views.drop_column("sort")
        views.add_column(sa.Column("lanes", sa.Text(), server_default="", nullable=False))
        views.create_check_constraint(
            op.f("ck_saved_views_lanes"), "lanes IN ('', 'project', 'priority')"
        )
    with op.batch_alter_table("users") as users:
        users.add_column(
            sa.Column("list_density", sa.Text(), server_default="comfortable", nullable=False)
        )
        users.add_column(sa.Column("list_columns", sa.JSON(), server_default="[]", nullable=False))
        users.add_column(sa.Column("list_size", sa.Integer(), server_default="50", nullable=False))
        users.create_check_constraint(
            op.f("ck_users_list_density"), "list_density IN ('comfortable', 'compact')"
        )
        users.create_check_constraint(op.f("ck_users_list_size"), "list_size IN (25, 50, 100, 200)")


def downgrade() -> None:
    with op.batch_alter_table("users") as users:
        for name in ("list_size", "list_density"):
            users.drop_constraint(op.f(f"ck_users_{name}"), type_="check")
        for name in ("list_size", "list_columns", "list_density"):
            users.drop_column(name)
    with op.batch_alter_table("saved_views") as views:
        views.drop_constraint(op.f("ck_saved_views_lanes"), type_="check")
        views.drop_column("lanes")
        views.add_column(sa.Column("sort", sa.Text(), server_default="", nullable=False))
