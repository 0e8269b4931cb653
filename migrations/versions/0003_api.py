"""The agents' door: kept answers, one live token a name, and a log that can be followed.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# On PostgreSQL events become visible in another order than they are numbered. Before a transaction
# numbers its first event it shows, as a shared lock that hinders nobody, which number was the last
# one given: readers stop there until it ends. app/queries/event_feed.py tells the rest.
MARK_WRITER = """
CREATE FUNCTION callboard_mark_event_writer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  given bigint;
BEGIN
  IF coalesce(current_setting('callboard.event_writer', true), '') = '' THEN
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
      INTO given FROM events_id_seq;
    PERFORM pg_advisory_xact_lock_shared((3248::bigint << 48) | given);
    PERFORM set_config('callboard.event_writer', 'marked', true);
  END IF;
  RETURN NULL;
END $$
"""

MARK_BEFORE_INSERT = """
CREATE TRIGGER mark_event_writer BEFORE INSERT ON events
  FOR EACH STATEMENT EXECUTE FUNCTION callboard_mark_event_writer()
"""


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("token_id", BigId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["api_tokens.id"],
            name=op.f("fk_idempotency_keys_token_id_api_tokens"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_index(
        "uq_api_tokens_live_name",
        "api_tokens",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MARK_WRITER)
        op.execute(MARK_BEFORE_INSERT)


def _now() -> sa.TextClause:
    """The database's own time; on SQLite with a fraction, so that times sort as text."""
    if op.get_bind().dialect.name == "sqlite":
        return sa.text("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))")
    return sa.text("CURRENT_TIMESTAMP")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER mark_event_writer ON events")
        op.execute("DROP FUNCTION callboard_mark_event_writer()")
    op.drop_index("uq_api_tokens_live_name", table_name="api_tokens")
    op.drop_table("idempotency_keys")
