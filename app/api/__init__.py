"""The agents' interface: a JSON API at /api/v1, described at /api/docs and /api/v1/openapi.json."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from app.api.addresses import TicketConverter
from app.api.operation import blueprint
from app.extensions import csrf

PARTS = (
    "tokens",
    "workers",
    "claims",
    "runs",
    "tickets",
    "ticket_verbs",
    "bulk",
    "comments",
    "timeline",
    "dependencies",
    "queues",
    "events",
    "projects",
    "worker_types",
    "plan_templates",
    "documents",
)
"""Modules with operations, in the order in which the documentation tells of them."""


def register(app: Flask) -> None:
    """Add the API to the application."""
    app.url_map.converters["ticket"] = TicketConverter
    for part in PARTS:
        import_module(f"{__name__}.{part}")
    # Tokens travel in a header that no other site can make a browser send.
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
