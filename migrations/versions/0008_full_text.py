"""The full-text index over tickets and comments, filled with what is there.

Revision: 0008, after 0007
"""

from alembic import op

# All of it can be made from the texts anew, so its shape stands once, in the application: a
# migration that changes it makes it anew too.
from app.db import full_text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    full_text.create(op.get_bind())


def downgrade() -> None:
    full_text.drop(op.get_bind())
