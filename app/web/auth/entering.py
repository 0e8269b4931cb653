"""How people come in and leave: by password, by link, and out again."""

from __future__ import annotations

from urllib.parse import unquote

from flask import request, session, url_for
from flask_login import login_user, logout_user

from app.actor import Actor
from app.db.base import db
from app.errors import Invalid
from app.models import AuditEntry, SignInAttempt, User, UserSession
from app.models.user import UNKNOWN, is_password_of
from app.web.auth.identity import load_person

SIGN_IN_REFUSED = "That name and password don't fit together."
NOT_YOURS = "That isn't your password."


class SignInRefused(Invalid):
    """A wrong name, or a wrong password: nobody is told which."""


def require_password(name: str, password: str, refusal: SignInRefused | None = None) -> User:
    """The person with that name and password; raises `SignInRefused` or `TooMany`.

    The try counts before it is looked at, in a transaction of its own: the slow hash must hold no
    lock, and tries sent at the same moment count all the same.
    """
    board = db.session()
    attempt = SignInAttempt.begin(board, name, request.remote_addr)
    attempt_id = attempt.id
    user = User.find(board, name)
    known = user.password_hash if user and not user.is_disabled else None
    board.commit()
    fits = is_password_of(known, password)
    user = User.find(board, name)
    # While the slow hash was made, they may have been disabled, or have got another password.
    if not fits or user is None or user.is_disabled or user.password_hash != known:
        _note_refusal(user)
        board.commit()
        raise refusal or SignInRefused(SIGN_IN_REFUSED)
    board.get_one(SignInAttempt, attempt_id).succeed()
    return user


def confirm_password(name: str, password: str) -> None:
    """Raise `SignInRefused` or `TooMany` unless it is the password of whoever asks: someone else
    may sit at their browser. Their tries count as those of a sign-in do."""
    require_password(name, password, SignInRefused(NOT_YOURS, "old"))


def _note_refusal(user: User | None) -> None:
    # A name that nobody has isn't kept: it may be somebody's password.
    actor = Actor("person", UNKNOWN, request.remote_addr)
    AuditEntry.record(db.session(), "sign_in_refused", actor, subject=user.name if user else None)


def enter(user: User, method: str, *, is_news: bool = True) -> None:
    """Sign someone in on this browser, and make sure that the cookie is a new one. `is_news`:
    whether the audit shall tell of it."""
    board = db.session()
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
    board.commit()
    session.permanent = True
    login_user(load_person(secret))


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
