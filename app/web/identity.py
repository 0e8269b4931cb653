"""Who is at the page: a name that people give themselves, kept in their cookie."""

from __future__ import annotations

from flask import session

from app.actor import Actor

NOBODY = "a team member"


def current_name() -> str:
    """The name that the person gave; empty before they did."""
    return str(session.get("name") or "")


def current_actor() -> Actor:
    """The person who makes this request."""
    return Actor.person(current_name() or NOBODY)


def current_theme() -> str:
    """`system`, `light` or `dark`."""
    return str(session.get("theme", "system"))
