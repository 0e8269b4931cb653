"""The agents' interface: a JSON API at /api/v1, described at /api/docs and /api/v1/openapi.json."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter

from app.api.routes import blueprint
from app.extensions import csrf
from app.models import Ticket


class TicketConverter(BaseConverter):
    """A ticket's id; not one of the words that are addresses of their own."""

    regex = rf"(?!(?:{'|'.join(Ticket.RESERVED_IDS)})\Z)[^/]+"


def register(app: Flask) -> None:
    """Add the API to the application."""
    app.url_map.converters["ticket"] = TicketConverter
    api = blueprint()
    # Tokens travel in a header that no other site can make a browser send.
    csrf.exempt(api)
    app.register_blueprint(api)
