"""Who is at the page: a name that people give themselves, kept in their cookie."""

from __future__ import annotations

from flask import session

from app.actor import Actor

NOBODY = "a team member"


def current_actor() -> Actor:
    """The person who makes this request."""
    return Actor.person(session.get("name") or NOBODY)


def current_theme() -> str:
    """`system`, `light` or `dark`."""
    return str(session.get("theme", "system"))
