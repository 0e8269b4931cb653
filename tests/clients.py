"""Whoever visits a board that a test serves."""

from __future__ import annotations

from typing import Any

import httpx

from tests.processes import PATIENCE


def plain_client(url: str = "", **options: Any) -> httpx.Client:
    """A client who comes without TLS: to load the certificates of all authorities for it would take
    longer than to ask."""
    options = {"timeout": PATIENCE, **options}
    return httpx.Client(base_url=url, verify=False, trust_env=False, **options)
