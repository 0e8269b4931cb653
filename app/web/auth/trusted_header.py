"""A header in which a trusted proxy says who is signed in there; only if the settings ask for it.

It counts when the connection itself comes from a listed proxy; from anywhere else it is ignored.
A name there is an account of its own: it never opens an account here only because that is called
the same. Interfaces for programs never look at it.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Final

from flask import Blueprint, Flask, current_app, request, session
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app.db.base import db
from app.db.transactions import writing
from app.errors import Conflict, NotFound
from app.models import Identity, Invitation, User, UserSession
from app.pipeline import Account, clean_name, welcome, welcome_invited
from app.settings.board import Settings
from app.settings.sign_on import UNIX
from app.web.auth.access import ANYONE, is_for_programs, page
from app.web.auth.connections import connect as connect_account
from app.web.auth.entering import begin_session, enter, leave
from app.web.auth.identity import Person, current_actor, current_person
from app.web.http.request_log import QUIET_ENDPOINTS
from app.web.http.saving import done

blueprint = Blueprint("trusted_header", __name__)

ISSUER: Final = "header"
"""No provider can be called this: theirs are addresses."""

METHOD: Final = "header"
KEY: Final = "proxy_name"

PLACES_MAX = 20
"""Where someone is signed in at once. A program that keeps no cookies begins anew each time."""

STRANGE = (
    "The proxy in front of this board names you in a way that can't be read: a name has letters, "
    f"digits and . _ @ + -, and at most {User.NAME_MAX} characters. Tell whoever runs the board."
)


def register(app: Flask) -> None:
    """Let the account page tell a name that opens no account here."""
    app.jinja_env.globals["unconnected_proxy_name"] = unconnected_name


def settle_who_it_is() -> None:
    """Before all else that asks who is there: sign in whom the header names, or out."""
    endpoint = request.endpoint
    if endpoint and (endpoint in QUIET_ENDPOINTS or is_for_programs(endpoint)):
        return
    # Where the setting was taken back, the sessions that it began are over, too.
    if not _settings().auth_header and KEY not in session:
        return
    name, person = _said(), current_person()
    if person and person.method == METHOD and session.get(KEY) != name:
        _end(person)
        person = None
    if name is None or (person and person.method == METHOD):
        return
    if clean_name(name) != name:
        raise BadRequest(STRANGE)
    _begin(name, person)


def _settings() -> Settings:
    found: Settings = current_app.extensions["callboard.settings"]
    return found


def _said() -> str | None:
    """What the header says, if it comes from a proxy that is believed."""
    settings = _settings()
    if not settings.auth_header or not is_from_trusted_proxy(settings):
        return None
    return request.headers.get(settings.auth_header, "").strip() or None


def is_from_trusted_proxy(settings: Settings) -> bool:
    """Whether this connection, whatever its headers say, comes from a listed proxy."""
    # ProxyFix has put the client's address, as the proxies tell it, in the place of the peer's own.
    environ = request.environ.get("werkzeug.proxy_fix.orig") or request.environ
    peer = environ.get("REMOTE_ADDR")
    if peer == "":  # a unix socket has no address
        return UNIX in settings.auth_header_from
    try:
        address = ip_address(str(peer))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in settings.auth_header_networks)


def _end(person: Person) -> None:
    with writing() as board:
        user = User.get(board, person.user_id)
        UserSession.end(board, user, person.session_id, current_actor())
    leave()


def _begin(name: str, person: Person | None) -> None:
    """Sign in whom the header names: in place of anyone else, if it names someone known."""
    user_id = _known(name, may_be_new=person is None)
    if user_id is None or (person and person.user_id == user_id):
        return
    if person:
        _end(person)
    # Two requests of a newcomer may come at once: the other one is a moment ahead.
    with suppress(Conflict, IntegrityError):
        with writing() as board:
            user = User.get(board, user_id) if user_id else _newcomer(board, name)
            secret = _begin_session(board, user)
        _enter(secret, name)


def _known(name: str, *, may_be_new: bool) -> int | None:
    """The id of the user whom the header names; 0: a new user, who may sign in; None: nobody."""
    board = db.session()
    user = Identity.user_of(board, ISSUER, name)
    is_taken = User.find(board, name) is not None
    known = user.id if user and not user.is_disabled else None
    if user is None and may_be_new and not is_taken and _settings().sso_role:
        return 0
    return known


def _newcomer(board: Session, name: str) -> User:
    User.require_free_name(board, name)
    return welcome(board, _account(name), _settings().sso_role, request.remote_addr)


def _account(name: str) -> Account:
    return Account(ISSUER, name, name, (name,))


def _begin_session(board: Session, user: User) -> str:
    UserSession.forget_oldest(board, user, METHOD, keep=PLACES_MAX - 1)
    here = request.remote_addr, request.user_agent.string[: UserSession.AGENT_MAX] or None
    places = UserSession.of_user(board, user.id)
    # A program that keeps no cookies would fill the audit.
    is_news = here not in [(place.address, place.user_agent) for place in places]
    return begin_session(board, user, METHOD, is_news=is_news)


def _enter(secret: str, name: str) -> None:
    enter(secret)
    session[KEY] = name


def unconnected_name() -> str | None:
    """The name that the proxy tells while it opens no account here."""
    name, person = _said(), current_person()
    return None if name is None or (person and person.method == METHOD) else name


def _require_unconnected_name() -> str:
    name = unconnected_name()
    if name is None:
        raise NotFound("No proxy names you here.")
    return name


@blueprint.post("/account/proxy-name")
@page(role="viewer")
def connect() -> Response:
    """Sign in from now on as the user whom the proxy names."""
    name = _require_unconnected_name()
    return connect_account(ISSUER, name, name)


@blueprint.post("/join/<secret>/proxy-name")
@page(role=ANYONE)
def join(secret: str) -> Response:
    """Join by an invitation as whom the proxy names, without a password."""
    account = _account(_require_unconnected_name())
    with writing() as board:
        link = Invitation.open(board, secret, "invitation")
        user = welcome_invited(board, link, account, request.remote_addr)
        said, begun = f"Welcome, {user.name}.", _begin_session(board, user)
    _enter(begun, account.subject)
    return done(said, "dashboard.show")
