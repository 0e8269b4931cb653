"""Who asks, at any of the programs' doors: what a token allows, and what it can see."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import engine
from app.actor import Actor
from app.errors import Forbidden, NotFound
from app.extensions import db
from app.models import ApiToken

NOTE_PATIENCE_SECONDS = 0.05
CHALLENGE = 'Bearer realm="callboard"'
HOW_TO_GET_IN = (
    "This needs a token: send the header “Authorization: Bearer cb_…”. "
    "An operator makes one with: callboard token create NAME --scope work"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that asks, and what it may do. `project_id`: the only project it can see."""

    token_id: int
    name: str
    allowed: frozenset[str]
    project_id: str | None = None

    @property
    def actor(self) -> Actor:
        """Who does what it asks for."""
        return Actor.token(self.name)

    def sees(self, project_id: str | None) -> bool:
        """Whether it may know of what belongs to the project."""
        return self.project_id is None or self.project_id == project_id

    def require_sight(self, project_id: str | None, missing: str) -> None:
        """Raise the `NotFound` that something missing would raise, if it can't see the project."""
        if not self.sees(project_id):
            raise NotFound(missing)

    def require_project(self, project_id: str) -> str:
        """The project that it names itself; raises `Forbidden` unless it is its own."""
        if not self.sees(project_id):
            raise Forbidden(f"This token is for {self.project_id} only.")
        return project_id

    def require_any_project(self) -> None:
        """Raise `Forbidden` if its token is bound to one project."""
        if self.project_id is not None:
            raise Forbidden(f"This token is for {self.project_id} only.")

    def chosen_project(self, asked: str | None) -> str | None:
        """The project that a list is limited to: the one asked for, or the only one it sees."""
        return self.require_project(asked) if asked else self.project_id


def bearer_secret(header: str | None) -> str | None:
    """The secret in the header `Authorization`; None: there is none."""
    scheme, _, secret = (header or "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def identify(secret: str) -> Caller:
    """The caller with that secret; raises `NotAuthenticated`.

    It is looked up in a transaction of its own that only reads: a stranger takes no write lock.
    """
    session = db.session()
    with engine.reading():
        token = ApiToken.authenticate(session, secret)
        caller = Caller(token.id, token.name, token.allowed, token.project_id)
        is_use_to_note = token.is_use_to_note
        session.rollback()
    if is_use_to_note:
        _note_use(caller)
    return caller


def _note_use(caller: Caller) -> None:
    """Write down that the token was used, at most once a minute; never at the request's expense."""
    try:
        with (
            engine.reading(False),
            engine.patience(NOTE_PATIENCE_SECONDS),
            Session(db.engine) as apart,
            apart.begin(),
        ):
            ApiToken.note_use(apart, caller.token_id)
    except (OperationalError, sqlite3.OperationalError) as error:
        if not engine.is_busy(error):
            raise
