"""What pages show that is the same for all who see the same: read once for a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import g, request

from app.db.base import db
from app.queries.version import board_version
from app.web.auth.identity import current_visibility
from app.web.http import live

T = TypeVar("T")


def version_of_board() -> str:
    """The version of all that this person can see, read once a request."""
    if request.method != "GET":
        # What it changes itself comes between two looks.
        return board_version(db.session(), current_visibility())
    if "board_version" not in g:
        g.board_version = board_version(db.session(), current_visibility())
    version: str = g.board_version
    return version


def shared(name: str, read: Callable[[], T]) -> T:
    """What `read` finds, or found in the last seconds for someone who sees the same. Whatever has
    been done to the board since is in it; what time alone changes comes so much later."""
    return live.shared(name, live.stamp(version_of_board()), lambda _audience, _version: read())
