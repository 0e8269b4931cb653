"""What people and tokens can see: all but the projects that are limited to others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, select
from sqlalchemy.orm import Session

from app.db.columns import now_when_sent
from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.errors import NotAuthenticated
from app.models import ApiToken, Mention, Project, User, UserSession
from app.models.mention import UNSEEN
from app.models.project import IS_HIDDEN
from app.secret import hash_of
from app.visibility import Visibility

SIGNED_IN = (
    select(
        UserSession.id.label("session_id"),
        UserSession.method,
        UserSession.is_use_to_note().label("is_use_to_note"),
        User.id.label("user_id"),
        User.name,
        User.display_name,
        User.role,
        User.theme,
        User.time_zone,
        User.first_steps_hidden_at.is_not(None).label("hides_first_steps"),
        exists().where(Mention.user_id == User.id, UNSEEN).label("is_mentioned"),
        User.list_density,
        User.list_columns,
        User.list_size,
        Project.repository_name.label("hidden"),
    )
    .join(User, User.id == UserSession.user_id)
    .outerjoin(Project, IS_HIDDEN)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.is_alive(),
        User.disabled_at.is_(None),
    )
    .execution_options(**PLANNED_ONCE)
)


TOKEN = (
    select(
        ApiToken.id,
        ApiToken.name,
        ApiToken.scopes,
        ApiToken.project_id,
        ApiToken.revoked_at,
        (ApiToken.expires_at <= now_when_sent()).label("has_expired"),
        ApiToken.is_use_to_note().label("is_use_to_note"),
        Project.repository_name.label("hidden"),
    )
    .outerjoin(Project, and_(Project.members_only, ApiToken.project_id.is_(None)))
    .where(ApiToken.token_hash == bindparam("token_hash"))
    .execution_options(**PLANNED_ONCE)
)


def person_with(session: Session, secret: str) -> tuple[Row[*tuple[Any, ...]], Visibility] | None:
    """Who has the session with that secret, and what they can see: in one query, for every page.

    Admins see every project; others those that are open to all, and those they belong to.
    """
    rows = rows_of(session, SIGNED_IN, token_hash=hash_of(secret)).all()
    if not rows:
        return None
    # Without a project to hide there is one row, with NULL for it.
    return rows[0], Visibility(hidden=frozenset({row.hidden for row in rows} - {None}))


def token_with(session: Session, secret: str) -> tuple[Row[*tuple[Any, ...]], Visibility]:
    """The live token with that secret, and what it can see: in one query, for every request of a
    program. Raises `NotAuthenticated`.

    A token made for one project sees that one. Any other belongs to no project: it sees those that
    are open to all, and with the scope admin every one.
    """
    rows = rows_of(session, TOKEN, token_hash=hash_of(secret)).all()
    if not rows:
        raise NotAuthenticated("This token isn't known here.")
    token = rows[0]
    if token.revoked_at:
        raise NotAuthenticated(f"The token {token.name} was revoked.")
    if token.has_expired:
        raise NotAuthenticated(f"The token {token.name} has expired.")
    if token.project_id is not None:
        return token, Visibility(only=token.project_id)
    if "admin" in token.scopes:
        return token, Visibility.everything()
    return token, Visibility(hidden=frozenset({row.hidden for row in rows} - {None}))
