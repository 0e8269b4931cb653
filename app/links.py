"""Addresses of pages as people get them, to send on: whole, with the host in front."""

from __future__ import annotations

from flask import current_app

from app.settings.board import Settings

LOCAL_URL = "http://127.0.0.1:8000"


def link_from(base: str, endpoint: str, **values: str) -> str:
    """The address of a page, below an address under which people reach the board."""
    path = current_app.url_map.bind("board").build(endpoint, values)
    return base.rstrip("/") + path


def public_url() -> str:
    """The address under which people reach the board, if the operator named it; else empty."""
    settings: Settings = current_app.extensions["callboard.settings"]
    return settings.public_url
