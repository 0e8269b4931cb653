"""Signing in by password or link, and signing out."""

from __future__ import annotations

from typing import Self
from urllib.parse import unquote

from flask import request, session, url_for
from flask_login import login_user, logout_user
from sqlalchemy.orm import Session

from app.actor import Actor
from app.db.transactions import writing
from app.errors import Invalid
from app.models import AuditEntry, SignInAttempt, User, UserSession
from app.models.user import UNKNOWN, is_password_of
from app.values import immutable
from app.web.auth.identity import load_person

SIGN_IN_REFUSED = "That name and password don't fit together."
NOT_YOURS = "That isn't your password."


class SignInRefused(Invalid):
    """A wrong name, or a wrong password: nobody is told which."""

    keeps_record = True


@immutable
class PasswordCheck:
    """A try to say someone's password. It counts before it is looked at, in a transaction of its
    own: the slow hash must hold no lock, and tries sent at the same moment count all the same."""

    name: str
    attempt_id: int
    known: str | None
    fits: bool

    @classmethod
    def make(cls, name: str, password: str) -> Self:
        """Look whether they fit together; raises `TooMany`."""
        with writing() as board:
            attempt_id = SignInAttempt.begin(board, name, request.remote_addr).id
            user = User.find(board, name)
            known = user.password_hash if user and not user.is_disabled else None
        return cls(name, attempt_id, known, is_password_of(known, password))

    def confirm(self, board: Session, refusal: SignInRefused) -> User:
        """Whose password it is; or the refusal."""
        user = User.find(board, self.name)
        # While the slow hash was made, they may have been disabled, or have got another password.
        if not self.fits or user is None or user.is_disabled or user.password_hash != self.known:
            # A name that nobody has isn't kept: it may be somebody's password.
            actor = Actor("person", UNKNOWN, request.remote_addr)
            known_name = user.name if user else None
            AuditEntry.record(board, "sign_in_refused", actor, subject=known_name)
            raise refusal
        board.get_one(SignInAttempt, self.attempt_id).succeed()
        return user


def begin_session(board: Session, user: User, method: str, *, is_news: bool = True) -> str:
    """Make the row by which someone is signed in; returns its secret. `is_news`: whether the audit
    shall tell of it."""
    secret = UserSession.begin(
        board,
        user,
        method=method,
        address=request.remote_addr,
        user_agent=request.user_agent.string,
    )
    actor = Actor.person(user.name, request.remote_addr)
    if is_news:
        AuditEntry.record(board, "signed_in", actor, subject=user.name, method=method)
    return secret


def enter(secret: str) -> None:
    """Give this browser the session that was begun; its cookie is a new one."""
    session.permanent = True
    login_user(load_person(secret))
    # A long fingerprint of the browser, which nobody compares: each request would bring it along.
    session.pop("_id", None)


def leave() -> None:
    """Forget on this browser who was signed in."""
    logout_user()
    # A form in another tab can still be sent by whoever signs in next: its token is kept.
    token = session.get("csrf_token")
    session.clear()
    if token:
        session["csrf_token"] = token


def next_page(wanted: str | None) -> str:
    """Where to go after coming in: a path of this board, or the first page."""
    if wanted is None or not is_path_here(wanted):
        return url_for("dashboard.show")
    return request.script_root + wanted


def is_path_here(wanted: str) -> bool:
    """Whether an address can only lead to a page of this board.

    What a browser could take for another site is none (`//host`, a backslash, a control
    character), and neither is what would lead out of the board's own prefix (`/..`).
    """
    if not wanted.startswith("/") or wanted.startswith("//"):
        return False
    if not wanted.isprintable() or "\\" in wanted:
        return False
    # Browsers take %2e for a dot.
    path = unquote(wanted.partition("?")[0].partition("#")[0])
    return not {".", ".."}.intersection(path.split("/"))
