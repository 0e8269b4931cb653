"""Addresses of the API that need more than Flask's own converters."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from app.models import Ticket


class TicketConverter(BaseConverter):
    """A ticket's id; not one of the words that are addresses of their own."""

    regex = rf"(?!(?:{'|'.join(Ticket.RESERVED_IDS)})\Z)[^/]+"
