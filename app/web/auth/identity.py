"""Who is at the page: the person whose session the browser's cookie names."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request
from flask_login import UserMixin, current_user

from app.actor import Actor
from app.db.base import db
from app.db.best_effort import write_best_effort
from app.extensions import login
from app.models import UserSession
from app.models.user import may
from app.observability import request_id
from app.queries.language.kinds import Reader
from app.queries.visibility import person_with
from app.values import immutable
from app.visibility import Visibility


@immutable
class Person(UserMixin):  # type: ignore[misc]  # flask_login has no types
    """Someone who is signed in, as this request found them."""

    secret: str
    session_id: int
    method: str
    user_id: int
    name: str
    display_name: str | None
    role: str
    theme: str
    time_zone: str | None
    hides_first_steps: bool
    list_density: str
    list_columns: tuple[str, ...]
    list_size: int
    visibility: Visibility
    is_mentioned: bool
    """Whether somebody named them where they haven't looked yet, and perhaps can't any more."""

    def get_id(self) -> str:
        """What the cookie holds: the session's secret, so that it can be ended here."""
        return self.secret

    def may(self, role: str) -> bool:
        """Whether they may do what that role may."""
        return may(self.role, role)


def register() -> None:
    """Tell the session library how to find people."""
    login.session_protection = None  # sessions are rows: they end when theirs is gone
    login.user_loader(load_person)


def load_person(secret: str) -> Person | None:
    """The person whose session has that secret."""
    session = db.session()
    found = person_with(session, secret)
    if found is None:
        return None
    row, visibility = found
    request_id.name_actor(row.name)
    if row.is_use_to_note:
        session.rollback()  # what is read from here on shows the note
        write_best_effort(partial(UserSession.note_use, session_id=row.session_id))
    return Person(
        secret=secret,
        session_id=row.session_id,
        method=row.method,
        user_id=row.user_id,
        name=row.name,
        display_name=row.display_name,
        role=row.role,
        theme=row.theme,
        time_zone=row.time_zone,
        hides_first_steps=row.hides_first_steps,
        list_density=row.list_density,
        list_columns=tuple(row.list_columns),
        list_size=row.list_size,
        visibility=visibility,
        is_mentioned=row.is_mentioned,
    )


def current_person() -> Person | None:
    """The person who makes this request, if they are signed in."""
    person: Person | None = current_user._get_current_object()
    return person if isinstance(person, Person) else None


def require_person() -> Person:
    """The same, on pages that only people who are signed in can reach."""
    person = current_person()
    if person is None:
        raise RuntimeError("a page that needs a person was reached without one")
    return person


def current_actor() -> Actor:
    """The person who makes this request, as verbs take them."""
    return Actor.person(require_person().name, request.remote_addr)


def current_visibility() -> Visibility:
    """What the person who makes this request can see."""
    return require_person().visibility


def current_reader() -> Reader:
    """The person who makes this request, as queries take them."""
    return Reader(require_person().name, current_zone() or UTC)


def current_zone() -> tzinfo | None:
    """The time zone that the person chose; None: the browser's."""
    person = current_person()
    try:
        return ZoneInfo(person.time_zone) if person and person.time_zone else None
    except ZoneInfoNotFoundError:
        return None  # it was chosen on a machine that knows more of them
