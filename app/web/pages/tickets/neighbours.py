"""The way from one ticket to the next: what its address says of the list that one came from."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import request, url_for

from app.db.base import db
from app.queries.language.mistakes import NotUnderstood
from app.queries.language.parsing import parse
from app.queries.tickets.neighbours import Neighbour, neighbours
from app.web.auth.identity import current_reader, current_visibility

LIST, PLACE = "list", "at"
"""The parameters of a ticket's page: the query of the list, and where the ticket stood in it."""


class Beside(NamedTuple):
    """Addresses of the tickets beside one, with their titles, and that of the list."""

    list_url: str
    previous: tuple[str, str] | None
    next: tuple[str, str] | None


def beside_in_list(ticket_id: str) -> Beside | None:
    """Where the list goes on, if one came from a list."""
    text = request.args.get(LIST)
    if text is None:
        return None
    try:
        query = parse(text)
    except NotUnderstood:
        return None
    place = request.args.get(PLACE, "")
    session, visibility = db.session(), current_visibility()
    found = neighbours(session, visibility, query, current_reader(), ticket_id, place)

    def step(one: Neighbour | None) -> tuple[str, str] | None:
        return one and (_address(one, text), f"{one.ticket_id} {one.title}")

    return Beside(url_for("tickets.index", q=text), step(found.previous), step(found.next))


def _address(one: Neighbour, text: str) -> str:
    asked = urlencode({LIST: text, PLACE: one.place}, safe=":,/")
    return f"{url_for('tickets.show', ticket_id=one.ticket_id)}?{asked}"


def place_before() -> str | None:
    """What the address said before something was done on this very page, which led back here."""
    if LIST in request.args or request.referrer is None:
        return None
    before = urlsplit(request.referrer)
    if before.netloc != request.host or before.path != request.script_root + request.path:
        return None
    said = parse_qs(before.query, keep_blank_values=True)
    kept = {name: said[name][0] for name in (LIST, PLACE) if name in said}
    return urlencode({**kept, **request.args.to_dict()}, safe=":,/") if LIST in kept else None
