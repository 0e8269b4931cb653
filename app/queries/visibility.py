"""What people and tokens can see: all but the projects that are limited to others."""

from __future__ import annotations

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from app.models import ApiToken, Project, ProjectMember, User, UserSession
from app.visibility import Visibility


def person_with(session: Session, secret: str) -> tuple[UserSession, User, Visibility] | None:
    """The session with that secret, its user, and what they can see: in one query, for every page.

    Admins see every project; others those that are open to all, and those they belong to.
    """
    belongs = exists().where(
        ProjectMember.project_id == Project.repository_name, ProjectMember.user_id == User.id
    )
    is_hidden = and_(Project.members_only, User.role != "admin", ~belongs)
    rows = session.execute(
        select(UserSession, User, Project.repository_name)
        .join(User, User.id == UserSession.user_id)
        .outerjoin(Project, is_hidden)
        .where(UserSession.has_secret(secret), User.disabled_at.is_(None))
    ).all()
    if not rows:
        return None
    place, user, _ = rows[0]
    # Without a project to hide there is one row, with NULL for it.
    return place, user, Visibility(hidden=frozenset({row[2] for row in rows} - {None}))


def token_visibility(session: Session, token: ApiToken) -> Visibility:
    """A token made for one project sees that one. Any other belongs to no project: it sees those
    that are open to all, and with the scope admin every one."""
    if token.project_id is not None:
        return Visibility(only=token.project_id)
    if "admin" in token.scopes:
        return Visibility.everything()
    limited = select(Project.repository_name).where(Project.members_only)
    return Visibility(hidden=frozenset(session.scalars(limited)))
