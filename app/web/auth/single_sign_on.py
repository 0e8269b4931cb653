"""Coming in through a provider of OpenID Connect, and connecting one's account there.

Every way to the provider starts with a link: `form-action` of our content security policy holds
also for where a form's answer redirects. A link can be made anywhere, so nothing is connected
before its person, back here, has seen which account it is and has said yes in a form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.actor import Actor
from app.db.base import db
from app.db.transactions import writing
from app.errors import NotFound
from app.links import link_from, public_url
from app.models import AuditEntry, Identity, Invitation, User
from app.observability.logs import cut
from app.pipeline import Account, welcome, welcome_invited
from app.settings import ConfigError
from app.settings.board import Settings
from app.values import immutable
from app.web.auth import connections
from app.web.auth.access import ANYONE, page
from app.web.auth.connections import TOO_OLD, SignOnFailed, SignOnRefused
from app.web.auth.entering import begin_session, enter, next_page
from app.web.auth.identity import current_person, require_person
from app.web.auth.oidc_claims import LABEL_MAX, account_of, domain_of
from app.web.auth.pending_authorization import PendingAuthorization, Purpose
from app.web.http import other_sites

if TYPE_CHECKING:
    from app.web.auth.oidc import Provider

log = logging.getLogger(__name__)
blueprint = Blueprint("sso", __name__)

SAID_NO = "You said no there, or you may not use this board. Nothing was done."
WENT_WRONG = "It answered with an error, so nobody was signed in. The log tells which."
NOT_TRUE = "What it said couldn't be verified, so nobody was signed in. The log tells more."
NOT_THERE = "It can't be reached now. Try again in a minute; passwords work meanwhile."
UNKNOWN = (
    "No account here is connected with yours there. Ask an admin for an invitation; or, if you "
    "have a password here, sign in with it and connect the two on your account page."
)
WRONG_DOMAIN = "Newcomers need a verified e-mail address of this team; ask an admin to invite you."
DISABLED = "Your account on this board is disabled. Ask an admin."
AT_ONCE = "Two people signed in with the same name at the same moment. Nothing was lost; try again."


def register(app: Flask) -> None:
    """Make the provider that the settings name; raises `ConfigError` without the extra for it."""
    settings: Settings = app.extensions["callboard.settings"]
    app.extensions["callboard.provider"] = provider = _make_provider(settings)
    app.jinja_env.globals.update(sign_on_provider=provider, identities=connections.identities)
    app.register_error_handler(SignOnFailed, _answer)


def _make_provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    if not (find_spec("authlib") and find_spec("requests")):
        raise ConfigError(
            "CALLBOARD_OIDC_ISSUER is set, which needs: pip install 'callboard[oidc]'"
        )
    from app.web.auth.oidc import Provider

    return Provider(settings)


def _provider() -> Provider:
    found: Provider | None = current_app.extensions["callboard.provider"]
    if found is None:
        raise NotFound("This board has no single sign-on.")
    return found


@blueprint.get("/sign-in/single-sign-on")
@page(role=ANYONE)
def start() -> Response:
    """Go to the provider, to come back signed in."""
    wanted = request.args.get("next", "")
    if current_person():
        return redirect(next_page(wanted), 303)
    return _send_away("sign_in", wanted)


@blueprint.get("/join/<secret>/single-sign-on")
@page(role=ANYONE)
def join(secret: str) -> Response:
    """Go to the provider, to join with an account there instead of a password.

    Not by the first link of a board: its first admin must be able to sign in while the provider
    is down.
    """
    Invitation.open(db.session(), secret, "invitation")
    return _send_away("join", secret)


@blueprint.get("/account/single-sign-on")
@page(role="viewer")
def connect() -> Response:
    """Go to the provider, to connect an account there with one's own."""
    other_sites.refuse()
    return _send_away("connect", str(require_person().session_id))


def _send_away(purpose: Purpose, target: str) -> Response:
    provider = _provider()
    db.session.rollback()  # no transaction stays open while others are asked
    begun = _asking(lambda: provider.begin(_return_address()))
    PendingAuthorization.begin(begun, purpose, target)
    return redirect(begun["url"], 303)


def _return_address() -> str:
    return link_from(public_url() or request.url_root, "sso.come_back")


@blueprint.get("/sign-in/single-sign-on/back")
@page(role=ANYONE)
def come_back() -> Response:
    """Where the provider sends people back to."""
    pending = PendingAuthorization.end(request.args.get("state", ""))
    if error := request.args.get("error"):  # some send it without the state
        log.info("single sign-on: the provider answered %r", cut(error, LABEL_MAX))
        raise SignOnFailed(SAID_NO if error == "access_denied" else WENT_WRONG)
    if pending is None and current_person():
        return redirect(next_page(None), 303)  # the browser's own way back
    if pending is None:
        raise SignOnFailed(TOO_OLD, HTTPStatus.BAD_REQUEST)
    return _arrive(pending)


def _arrive(pending: PendingAuthorization) -> Response:
    account, claims = _whoever_came(pending)
    try:
        with writing() as board:
            arrival = ARRIVALS[pending.purpose](board, pending, account, claims)
    except IntegrityError:
        raise SignOnFailed(AT_ONCE, HTTPStatus.CONFLICT) from None
    if arrival.secret:
        enter(arrival.secret)
    if arrival.message:
        flash(arrival.message, "success")
    return redirect(arrival.url, 303)


def _whoever_came(pending: PendingAuthorization) -> tuple[Account, Mapping[str, Any]]:
    provider = _provider()
    claims = _asking(
        lambda: provider.claims(
            request.args.get("code", ""),
            nonce=pending.nonce,
            code_verifier=pending.code_verifier,
            redirect_uri=_return_address(),
        )
    )
    return account_of(provider.issuer, claims), claims


def _asking(ask: Callable[[], Any]) -> Any:
    from app.web.auth.oidc import ProviderRefused, ProviderUnreachable

    try:
        return ask()
    except ProviderUnreachable as error:
        log.warning("single sign-on: %s", cut(str(error), LABEL_MAX))
        raise SignOnFailed(NOT_THERE, HTTPStatus.SERVICE_UNAVAILABLE) from None
    except ProviderRefused as error:
        log.warning("single sign-on: %s", cut(str(error), LABEL_MAX))
        raise SignOnFailed(NOT_TRUE) from None


@immutable
class Arrival:
    """What becomes of someone who came back: where they go, and whether they are signed in."""

    url: str
    secret: str | None = None
    message: str | None = None


def _sign_in(
    board: Session, pending: PendingAuthorization, account: Account, claims: Mapping[str, Any]
) -> Arrival:
    user = Identity.user_of(board, account.issuer, account.subject)
    if user is None:
        role = _role_of_newcomer(board, account, claims)
        user = welcome(board, account, role, request.remote_addr)
    return Arrival(next_page(pending.target), _begin_session(board, user, account))


def _role_of_newcomer(board: Session, account: Account, claims: Mapping[str, Any]) -> str:
    settings: Settings = current_app.extensions["callboard.settings"]
    if not settings.sso_role:
        raise _refusal(board, UNKNOWN, account)
    if settings.oidc_domains and domain_of(claims) not in settings.oidc_domains:
        raise _refusal(board, WRONG_DOMAIN, account)
    return settings.sso_role


def _join(
    board: Session, pending: PendingAuthorization, account: Account, _claims: Mapping[str, Any]
) -> Arrival:
    user = Identity.user_of(board, account.issuer, account.subject)
    if user is None:
        link = Invitation.open(board, pending.target, "invitation")
        user = welcome_invited(board, link, account, request.remote_addr)
        said = f"Welcome, {user.name}."
    else:
        said = f"You are {user.name} here already, so the invitation wasn't used."
    return Arrival(next_page(None), _begin_session(board, user, account), said)


def _begin_session(board: Session, user: User, account: Account) -> str:
    if user.is_disabled:
        raise _refusal(board, DISABLED, account, user.name)
    return begin_session(board, user, "oidc")


def _refusal(
    board: Session, message: str, account: Account, name: str | None = None
) -> SignOnRefused:
    actor = Actor("person", name or "unknown", request.remote_addr)
    AuditEntry.record(
        board, "sign_in_refused", actor, subject=name, method="oidc", account=account.label
    )
    return SignOnRefused(message)


def _connect(
    _board: Session, pending: PendingAuthorization, account: Account, _claims: Mapping[str, Any]
) -> Arrival:
    person = current_person()
    if person is None or pending.target != str(person.session_id):
        raise SignOnFailed(TOO_OLD, HTTPStatus.BAD_REQUEST)
    connections.remember(account, person)
    return Arrival(url_for("connections.confirm"))


ARRIVALS: Final[
    Mapping[str, Callable[[Session, PendingAuthorization, Account, Mapping[str, Any]], Arrival]]
] = {
    "sign_in": _sign_in,
    "join": _join,
    "connect": _connect,
}


def _answer(error: SignOnFailed) -> tuple[str, int]:
    db.session.rollback()
    return render_template("accounts/sign_on_failed.html", message=str(error)), error.status
