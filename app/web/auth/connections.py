"""The accounts elsewhere that people have connected with their own here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, render_template, request, session
from flask.typing import ResponseReturnValue as Answer
from werkzeug.wrappers import Response

from app.db.base import db
from app.db.transactions import writing
from app.errors import DomainError
from app.models import Identity, User
from app.pipeline import Account
from app.web.auth.access import page
from app.web.auth.identity import Person, current_actor, require_person
from app.web.auth.pending_authorization import LIFETIME_SECONDS
from app.web.http.saving import done

blueprint = Blueprint("connections", __name__)

FOUND = "found_account"
"""Where the cookie keeps an account that someone may connect."""

TOO_OLD = "It was begun in another browser, or too long ago. Nothing was done; begin again."


class SignOnFailed(DomainError):
    """Signing in, or connecting an account, failed; the message says what to do."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> None:
        super().__init__(message)
        self.status = status


class SignOnRefused(SignOnFailed):
    """Someone came back from the provider who may not sign in. The audit records it."""

    keeps_record = True


def remember(account: Account, person: Person) -> None:
    """Keep an account that was found until its person says that it is theirs."""
    session[FOUND] = {
        "issuer": account.issuer,
        "subject": account.subject,
        "label": account.label,
        "for": person.session_id,
        "at": int(time.time()),
    }


def identities() -> list[Identity]:
    """The accounts by which the person who makes this request can sign in."""
    return Identity.of_user(db.session(), require_person().user_id)


@blueprint.route("/account/single-sign-on/confirm", methods=["GET", "POST"])
@page(role="viewer")
def confirm() -> Answer:
    """Say that the account which was just found at the provider is one's own."""
    found = _found_account()
    if request.method == "GET":
        return render_template("accounts/connect.html", label=found["label"])
    answer = connect(found["issuer"], found["subject"], found["label"])
    session.pop(FOUND)
    return answer


def _found_account() -> Mapping[str, Any]:
    found: Mapping[str, Any] = session.get(FOUND, {})
    is_fresh = found.get("at", 0) > time.time() - LIFETIME_SECONDS
    if not is_fresh or found["for"] != require_person().session_id:
        raise SignOnFailed(TOO_OLD, HTTPStatus.BAD_REQUEST)
    return found


def connect(issuer: str, subject: str, label: str | None) -> Response:
    """Let the person who makes this request sign in with that account from now on."""
    with writing() as board:
        user = User.lock(board, require_person().user_id)
        actor = current_actor()
        Identity.link(board, user, issuer=issuer, subject=subject, label=label, actor=actor)
    return done(f"Connected with {label}.", "accounts.edit")


@blueprint.post("/account/identities/<int:identity_id>/disconnect")
@page(role="viewer")
def disconnect(identity_id: int) -> Response:
    """Disconnect the account: it can't be used to sign in."""
    with writing() as board:
        user = User.lock(board, require_person().user_id)
        Identity.unlink(board, user, identity_id, current_actor())
    return done("Disconnected.", "accounts.edit")
