"""What people do at the board and at the provider, and what the board then knows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from app.actor import Actor
from app.models import Identity, Invitation, User
from tests.conftest import DATABASES, OpenSession, cookie_of
from tests.providers import HonestProvider

on_both = pytest.mark.parametrize("shared_app", DATABASES, indirect=True)

START = "/sign-in/single-sign-on"
CONNECT = "/account/single-sign-on"
ROOT = Actor.person("root")


def sit_down(browser: httpx.Client, app: Flask, name: str, role: str = "member") -> None:
    """Someone is signed in at this browser now, which keeps whatever else its cookie holds."""
    signer: Any = SecureCookieSessionInterface().get_signing_serializer(app)
    kept = browser.cookies.get("callboard")
    cookie = (signer.loads(kept) if kept else {}) | cookie_of(app, role, name)
    browser.cookies.set("callboard", signer.dumps(cookie), domain="127.0.0.1")


def go(browser: httpx.Client, subject: str, start: str = START) -> httpx.Response:
    """Follow a link to the provider, sign in there, and follow the way back."""
    form = browser.get(start)
    assert "Authorize Client" in form.text, form.text
    return browser.post(form.url, data={"sub": subject})


def invite(board: OpenSession, role: str = "lead") -> str:
    with board() as session:
        return Invitation.to_join(session, role=role, note=None, actor=ROOT)


def connect(board: OpenSession, name: str, provider: HonestProvider, subject: str) -> None:
    with board() as session:
        Identity.link(
            session,
            User.named(session, name),
            issuer=provider.url,
            subject=subject,
            label=subject,
            actor=ROOT,
        )


def people(board: OpenSession) -> dict[str, str]:
    with board() as session:
        return {user.name: user.role for user in session.scalars(select(User))}
