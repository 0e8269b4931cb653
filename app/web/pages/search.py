"""The search page, and what the command palette finds."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.queries.search.results import NOTHING, TICKETS_SHOWN, Found, find_everything
from app.queries.search.texts import ticket_named
from app.queries.tickets.list import SEARCH_MAX
from app.web.auth.access import page
from app.web.auth.identity import current_visibility

blueprint = Blueprint("search", __name__)

PALETTE_TICKETS = 8


@blueprint.get("/search")
@page(role="viewer")
def show() -> Answer:
    """Everything that was found. Who typed the id of a ticket gets to the ticket itself."""
    typed = request.args.get("q", "").strip()
    if named := ticket_named(db.session(), current_visibility(), typed):
        return redirect(url_for("tickets.show", ticket_id=named))
    is_too_long = len(typed) > SEARCH_MAX
    shown = {"typed": typed, "found": _find(typed, TICKETS_SHOWN), "longest": SEARCH_MAX}
    page = render_template("search/show.html", is_too_long=is_too_long, **shown)
    return page, 400 if is_too_long else 200


@blueprint.get("/search/palette")
@page(role="viewer")
def palette() -> Answer:
    """The same in a few lines, without a frame, while somebody types."""
    typed = request.args.get("q", "").strip()
    found = _find(typed, PALETTE_TICKETS, is_typing=True)
    return render_template("search/_palette.html", found=found, typed=typed)


def _find(typed: str, most: int, *, is_typing: bool = False) -> Found:
    if len(typed) > SEARCH_MAX:
        return NOTHING
    return find_everything(db.session(), current_visibility(), typed, most, is_typing=is_typing)
