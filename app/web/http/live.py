"""Regions that keep themselves up to date.

A region asks every few seconds and names the version it shows. The answer is 204 when nothing has
changed, which costs one look at an index, else the region anew.
"""

from __future__ import annotations

from flask import request

from app import clock

FULL_EVERY_SECONDS = 60
"""Time itself changes what a page says (a worker falls silent): a region this old is drawn anew."""


def wants_region() -> bool:
    """Whether the request comes from a region of a page that is open."""
    return "HX-Request" in request.headers


def stamp(version: object) -> str:
    """A version that also changes with time."""
    return f"{version}.{int(clock.now().timestamp()) // FULL_EVERY_SECONDS}"


def is_unchanged(version: str) -> bool:
    """Whether the region that asks shows this version already."""
    return wants_region() and request.args.get("v") == version
