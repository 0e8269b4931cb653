"""The blueprint that the modules beside this one add their routes to."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.db.base import db
from app.errors import NotFound
from app.models import Ticket
from app.queries.tickets.list_row import TicketLine
from app.queries.tickets.timeline import is_quotable
from app.queries.tickets.view import TicketView, id_in_other_case
from app.web.auth.identity import current_visibility
from app.web.http import errors
from app.web.http.live import wants_region
from app.web.pages.times import since_tag, time_tag

blueprint = Blueprint("tickets", __name__)

blueprint.add_app_template_test(is_quotable, "quotable")


@blueprint.app_template_filter()
def standing_detail(ticket: TicketLine | TicketView) -> str:
    """What follows a ticket's situation: "18 min", "by API-75"; for some, nothing."""
    if ticket.situation == "blocked":
        is_named = ticket.open_blockers == 1 and ticket.blocked_by
        return f"by {ticket.blocked_by if is_named else ticket.open_blockers}"
    if ticket.situation == "waiting" or ticket.since is None:
        return ""
    return time_tag(ticket.since) if ticket.situation == "backoff" else since_tag(ticket.since)


@blueprint.errorhandler(NotFound)
def show_in_other_case(error: NotFound) -> Response | errors.Answer:
    """Ids are typed by hand: lead from `/tickets/web-22` to WEB-22, if that is the one meant.

    Only looked for once the id as typed was not found, by the guard or by a page.
    """
    typed = (request.view_args or {}).get("ticket_id", "")
    if request.method != "GET" or wants_region() or not 0 < len(typed) <= Ticket.ID_MAX:
        return errors.answer(error)
    found = id_in_other_case(db.session(), current_visibility(), typed)
    if found is None:
        return errors.answer(error)
    url = url_for(request.endpoint or "", **{**(request.view_args or {}), "ticket_id": found})
    query = request.query_string.decode("ascii", "replace")
    return redirect(f"{url}?{query}" if query else url)
