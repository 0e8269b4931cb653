"""Who sits at the server's command line."""

from __future__ import annotations

import getpass

from app.actor import Actor


def the_operator() -> Actor:
    """By the name of their login, where there is one."""
    try:
        return Actor.operator(getpass.getuser())
    except (KeyError, OSError):
        return Actor.operator("unknown")
