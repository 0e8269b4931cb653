"""The people who may look after a project's tickets, and be named there."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Project, User
from app.models.project import IS_HIDDEN
from app.queries.language.completion import Suggestion
from app.visibility import Visibility

PEOPLE_MAX = 500

_ASSIGNABLE = (
    select(User.name, func.coalesce(User.display_name, User.name))
    .join(Project, Project.repository_name == bindparam("project_id"))
    .where(User.disabled_at.is_(None), ~IS_HIDDEN)
    .order_by(User.name)
    .limit(PEOPLE_MAX)
)


def assignable(session: Session, project_id: str) -> list[tuple[str, str]]:
    """Their names, and how they are called."""
    return [(name, called) for name, called in rows_of(session, _ASSIGNABLE, project_id=project_id)]


# An `@` within a word belongs to an address.
_BEGUN = re.compile(r"(?<![\w@./+-])@(?P<begun>[\w.@+-]*)\Z")
_OFFERED = 8


def people_to_name(
    session: Session, visibility: Visibility, project_id: str, typed: str, cursor: int
) -> list[Suggestion]:
    """What `@` before the cursor may become, among the people of a project: first those whose
    names begin like it, then those who are called so. Nothing once it can only be what it is."""
    begun = _BEGUN.search(typed[: max(cursor, 0)])
    if begun is None or not visibility.sees(project_id):
        return []
    wanted = begun["begun"].lower()
    people = assignable(session, project_id)
    named = [each for each in people if each[0].startswith(wanted)]
    called = [each for each in people if f" {wanted}" in f" {each[1].lower()}"]
    found = list(dict.fromkeys([*named, *called]))[:_OFFERED]
    if [name for name, _ in found] == [wanted]:
        return []
    return [
        Suggestion(f"@{name}", *begun.span(), "" if full_name == name else full_name)
        for name, full_name in found
    ]


_NAMED = select(User.name).where(User.name.in_(bindparam("names", expanding=True)))


def known_people(session: Session, names: Collection[str]) -> list[str]:
    """Those of the names that somebody has."""
    return list(rows_of(session, _NAMED, names=list(names)).scalars())
