"""The board's pages: their columns, the cards in them, and those that follow as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from flask import render_template, request
from flask.typing import ResponseReturnValue as Answer
from markupsafe import Markup

from app.db.base import db
from app.models.saved_view import LANES
from app.models.ticket import PRIORITIES
from app.queries.board import (
    CARDS_AT_FIRST,
    Board,
    Card,
    Cell,
    Scope,
    board,
    board_version,
    following_cards,
    number_begun,
)
from app.queries.board.counts import RECENTLY
from app.queries.choices import project_names
from app.queries.language.query import Query
from app.web.auth.access import page
from app.web.auth.identity import current_reader, current_visibility
from app.web.http import live
from app.web.http.live import Audience
from app.web.pages.board.blueprint import blueprint
from app.web.pages.loading import load_project
from app.web.pages.projects import blueprint as projects
from app.web.pages.projects import project_page
from app.web.pages.shared import version_of_board
from app.web.pages.tickets.asked import QueryListing
from app.web.pages.tickets.query_form import form_context
from app.web.pages.times import since_tag, time_tag

SHOWN = "shown."
"""Before the key of a cell: how many of its cards the page has loaded."""

STATES = {"waiting": ("waiting",), "on_hold": ("on_hold",), "done": ("closed",)}
"""The states of the tickets in the columns that every board has."""


@projects.get("/projects/<project:name>")
@page(role="viewer")
def show(name: str) -> Answer:
    """One project's board; asked by its region, only what has changed."""
    project = load_project(name)
    listing = _listing(name)
    shown = _read(listing)
    if shown is None:
        return "", 204
    if project.max_in_progress:
        shown["begun"] = number_begun(db.session(), name)
    if live.wants_region():
        return render_template("board/_region.html", project=project, **shown)
    return project_page("projects/show.html", project, **shown), listing.status


@blueprint.get("/board")
@page(role="viewer")
def show_all() -> Answer:
    """The board of all projects."""
    listing = _listing()
    shown = _read(listing)
    if shown is None:
        return "", 204
    name = "board/_region.html" if live.wants_region() else "board/show.html"
    # A region's address was understood as far as it could be when its page was opened.
    status = 200 if live.wants_region() else listing.status
    return render_template(name, project=None, **shown), status


@blueprint.get("/board/cards")
@page(role="viewer")
def more_cards() -> Answer:
    """The cards that follow in one column."""
    name = request.args.get("board", "")
    listing = _listing(name if name in project_names(db.session(), current_visibility()) else "")
    scope = _scope(listing)
    asked = request.args.get
    cell = following_cards(db.session(), scope, asked("cell", ""), asked("after", ""))
    if cell is None:
        return ""  # the column is gone, or the lane: nothing follows
    left = int(said) - len(cell.cards) if (said := asked("left", "")).isdecimal() else 0
    # Whoever scrolls on finds out whether more follow than were counted.
    left = max(left, int(cell.is_cut))
    return _drawing(listing, scope, live.audience())(cell, left)


def _listing(project: str = "") -> QueryListing:
    return QueryListing("lanes", "unfold", project=project, layout="board")


def _read(listing: QueryListing) -> dict[str, Any] | None:
    """What a board shows; None if the page that asks shows it already."""
    session = db.session()
    # The lanes are read before the form, which tells what isn't understood.
    scope = _scope(listing)
    version = live.stamp(board_version(session, scope.visibility))
    if live.is_unchanged(version):
        return None
    form = {} if live.wants_region() else form_context(listing)
    shown = {"version": version, **form, **_shown(listing, scope, version)}
    if not listing.is_understood:
        return {"board": None, **shown}
    loaded = _loaded()
    draw = partial(_draw, listing, scope, loaded)
    if scope.query.has_text or scope.query.is_personal:
        drawn = draw(live.audience(), version)  # hardly a search comes twice
    else:
        name = f"{listing.url()} {sorted(loaded.items())}"
        drawn = live.shared(name, live.stamp(version_of_board()), draw)
    return {"board": drawn.board, "cards": drawn.cards, **shown}


class Drawn(NamedTuple):
    """A board, and the cards of its cells by their keys, of those that have some. What is around
    them holds what is meant for one person: to add a ticket."""

    board: Board
    cards: Mapping[str, Markup]


def _draw(
    listing: QueryListing, scope: Scope, loaded: dict[str, int], audience: Audience, _: str
) -> Drawn:
    found = board(db.session(), scope, loaded, frozenset(listing.kept["unfold"]))
    draw = _drawing(listing, scope, audience)
    cells = (cell for lane in found.lanes for cell in lane.cells if cell.cards)
    cards = {
        cell.key: draw(cell, cell.hidden, is_short=len(cell.cards) < CARDS_AT_FIRST)
        for cell in cells
    }
    return Drawn(found, cards)


def _drawing(listing: QueryListing, scope: Scope, audience: Audience) -> Callable[..., Markup]:
    """What draws the cards of one cell after the other."""
    return audience.macro("board/_cards.html", "cards", **_shown(listing, scope))


def _loaded() -> dict[str, int]:
    """How many cards of each cell the page that asks has loaded."""
    return {
        key.removeprefix(SHOWN): int(value)
        for key, value in request.args.items()
        if key.startswith(SHOWN) and value.isdecimal() and len(value) < 6
    }


def _shown(listing: QueryListing, scope: Scope, version: str = "") -> dict[str, Any]:
    """What the parts of the board show, besides its cards."""
    asked = {"q": listing.text, "board": scope.project, "lanes": scope.lanes}
    cards = urlencode({name: value for name, value in asked.items() if value})
    unfolded = listing.kept["unfold"]

    def list_url(cell: Cell) -> str:
        query = urlencode({"q": _query_of(cell, scope)}, safe=":,/")
        return f"{request.script_root}/tickets?{query}"

    return {
        "listing": listing,
        "board_project": scope.project,
        "lanes": scope.lanes,
        "lane_choices": [("", "No lanes"), *((one, f"By {one}") for one in _lanes(scope.project))],
        "is_narrowed": scope.is_narrowed,
        "region_url": listing.url(v=version),
        "cards_url": f"{request.script_root}/board/cards?{cards}&",
        "list_url": list_url,
        "open_url": lambda key: listing.url(unfold=[*unfolded, key]),
        "detail_of": detail_of,
        "new_id": lambda: uuid4().hex,
    }


def _query_of(cell: Cell, scope: Scope) -> Query:
    """What finds the tickets of a cell in the list."""
    query = scope.query
    if cell.project:
        query = query.naming("project", cell.project)
    if cell.priority is not None:
        query = query.adding("priority", PRIORITIES[cell.priority])
    if cell.column.kind == "stage":
        return query.naming("stage", cell.column.name)
    query = query.adding("is", *STATES[cell.column.kind])
    return query.adding("closed", f"<{RECENTLY.days}d") if cell.column.kind == "done" else query


def _lanes(project: str) -> tuple[str, ...]:
    """What a board can be divided by."""
    return ("priority",) if project else LANES


def _scope(listing: QueryListing) -> Scope:
    """What the address asks for: any query of the list of tickets narrows the board."""
    lanes = listing.choice("lanes", _lanes(listing.project))
    session, visibility = db.session(), current_visibility()
    return Scope.of(session, visibility, listing.query, current_reader(), listing.project, lanes)


def detail_of(card: Card) -> str:
    """What follows a card's situation: "18 min", "by API-75", "2 h ago". Nothing does if it is
    ready: such a card needn't be drawn anew every minute."""
    if card.situation == "ready":
        return ""
    if card.situation == "blocked":
        more = f" and {card.open_blockers - 1:,} more" if card.open_blockers > 1 else ""
        return f"by {card.blocked_by}{more}"
    is_moment = card.situation in ("backoff", "completed")
    return time_tag(card.since) if is_moment else since_tag(card.since)
