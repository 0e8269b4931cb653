"""The blueprint that the modules beside this one add their routes to."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Ticket

blueprint = Blueprint("tickets", __name__)

Answer = str | Response | tuple[str, int]


def load(ticket_id: str) -> Ticket:
    """The ticket; held against others while a form is carried out. Raises `NotFound`."""
    get = Ticket.lock if request.method == "POST" else Ticket.get
    return get(db.session(), ticket_id)


def back_to(ticket_id: str, message: str, anchor: str | None = None) -> Response:
    """Go to the ticket's page, which says what was done."""
    flash(message, "success")
    return redirect(url_for("tickets.show", ticket_id=ticket_id, _anchor=anchor), 303)
