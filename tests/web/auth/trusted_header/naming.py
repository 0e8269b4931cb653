"""What the proxy says, and whom the board then takes a browser for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from app.actor import Actor
from app.db.base import db
from app.models import Identity, User, UserSession
from app.secret import hash_of
from tests.conftest import OpenSession

HEADER = "X-Remote-User"
PROXY, ELSEWHERE = "127.0.0.2", "127.0.0.3"
ROOT = Actor.person("root")

SETTINGS = {
    "CALLBOARD_AUTH_HEADER": HEADER,
    "CALLBOARD_AUTH_HEADER_FROM": f"10.0.0.0/8, {PROXY}",
    "CALLBOARD_SSO_ROLE": "member",
    "CALLBOARD_PROXY_HOPS": "1",
}

NewBrowser = Callable[..., httpx.Client]


def connect(board: OpenSession, user: str, name: str) -> None:
    with board() as session:
        Identity.link(
            session,
            User.named(session, user),
            issuer="header",
            subject=name,
            label=name,
            actor=ROOT,
        )


def people(board: OpenSession) -> dict[str, str]:
    with board() as session:
        return {user.name: user.role for user in session.scalars(select(User))}


def methods(board: OpenSession) -> list[str]:
    with board() as session:
        return list(session.scalars(select(UserSession.method).order_by(UserSession.id)))


def owner_of(app: Flask, cookie: str | None) -> str | None:
    """Whose session a browser's cookie names."""
    signer: Any = SecureCookieSessionInterface().get_signing_serializer(app)
    secret = signer.loads(cookie or "").get("_user_id", "")
    with app.app_context():
        return db.session.scalar(
            select(User.name)
            .join(UserSession, UserSession.user_id == User.id)
            .where(UserSession.token_hash == hash_of(secret), UserSession.is_alive())
        )


def is_out(browser: httpx.Client) -> bool:
    answer = browser.get("/account")
    return answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")


def token_of(page: httpx.Response) -> dict[str, str]:
    """The hidden token of a page's forms."""
    start = page.text.index('name="csrf_token" value="') + len('name="csrf_token" value="')
    return {"csrf_token": page.text[start : page.text.index('"', start)]}
