"""The board's pages: their columns, the cards in them, and those that follow as one scrolls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from flask import render_template, request
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.forms.ticket import NUMBER_OF
from app.models.label import LABELS_MAX
from app.queries.board import (
    LANES,
    Card,
    Cell,
    Scope,
    board,
    board_version,
    following_cards,
    number_begun,
)
from app.queries.choices import label_names, project_names, worker_type_names
from app.queries.tickets.conditions import STATES, TicketFilter
from app.queries.tickets.list import SEARCH_MAX
from app.rendering import ago_text, for_text
from app.web.auth.access import page
from app.web.auth.identity import current_visibility
from app.web.http import live
from app.web.pages.board.blueprint import blueprint
from app.web.pages.listing import Listing
from app.web.pages.loading import load_project
from app.web.pages.projects import blueprint as projects
from app.web.pages.projects import project_page

SHOWN = "shown."
"""Before the key of a cell: how many of its cards the page has loaded."""


FILTERS = ("q", "state", "stage", "priority", "label")


class Choices(NamedTuple):
    """What the board can be narrowed to."""

    projects: tuple[str, ...]
    stages: tuple[str, ...]
    labels: tuple[str, ...]


@projects.get("/projects/<project:name>")
@page(role="viewer")
def show(name: str) -> Answer:
    """One project's board; asked by its region, only what has changed."""
    project = load_project(name)
    shown = _read(name)
    if shown is None:
        return "", 204
    if project.max_in_progress:
        shown["begun"] = number_begun(db.session(), name)
    if live.wants_region():
        return render_template("board/_region.html", project=project, **shown)
    return project_page("projects/show.html", project, **shown), shown["listing"].status


@blueprint.get("/board")
@page(role="viewer")
def show_all() -> Answer:
    """The board of all projects."""
    shown = _read("")
    if shown is None:
        return "", 204
    if live.wants_region():
        return render_template("board/_region.html", project=None, **shown)
    return render_template("board/show.html", project=None, **shown), shown["listing"].status


@blueprint.get("/board/cards")
@page(role="viewer")
def more_cards() -> Answer:
    """The cards that follow in one column."""
    listing = _listing()
    name = listing.choice("project", project_names(db.session(), current_visibility()))
    scope = _scope(listing, name)
    cell = following_cards(db.session(), scope, listing.value("cell"), listing.value("after"))
    if cell is None:
        return ""  # the column is gone, or the lane: nothing follows
    left = int(said) - len(cell.cards) if (said := listing.value("left")).isdecimal() else 0
    return render_template("board/_cards.html", cell=cell, left=left, **_shown(listing, scope))


def _read(project: str) -> dict[str, Any] | None:
    """What a board shows; None if the page that asks shows it already."""
    session = db.session()
    listing = _listing()
    scope = _scope(listing, project)
    version = live.stamp(board_version(session, scope.visibility))
    if live.is_unchanged(version):
        return None
    return {
        "board": board(session, scope, _loaded(), frozenset(listing.values("unfold"))),
        "version": version,
        "choices": None if live.wants_region() else _choices(project),
        **_shown(listing, scope, version),
    }


def _listing() -> Listing:
    return Listing(repeated=("label", "unfold"), ignored=SHOWN)


def _loaded() -> dict[str, int]:
    """How many cards of each cell the page that asks has loaded."""
    return {
        key.removeprefix(SHOWN): int(value)
        for key, value in request.args.items()
        if key.startswith(SHOWN) and value.isdecimal() and len(value) < 6
    }


def _shown(listing: Listing, scope: Scope, version: str = "") -> dict[str, Any]:
    """What the parts of the board show, besides its cards."""
    asked = {name: listing.value(name) for name in FILTERS if name != "label"}
    asked |= {"project": scope.project, "lanes": scope.lanes}
    given = {name: value for name, value in asked.items() if value}
    cards = urlencode({**given, "label": scope.wanted.labels}, doseq=True)

    def list_url(cell: Cell) -> str:
        where = {"stage": cell.column.name} if cell.column.kind == "stage" else {}
        state = {"waiting": "waiting", "on_hold": "on_hold", "done": "closed"}
        asked = {
            "project": cell.project,
            "state": state.get(cell.column.kind),
            "label": scope.wanted.labels,
            **where,
        }
        given = {key: value for key, value in asked.items() if value}
        return f"{request.script_root}/tickets?{urlencode(given, doseq=True)}"

    return {
        "listing": listing,
        "wanted": scope.wanted,
        # A project's board isn't another's.
        "narrowing": replace(scope.wanted, project=""),
        "lanes": scope.lanes,
        "lane_choices": [("", "No lanes"), *((one, f"By {one}") for one in _lanes(scope.project))],
        "is_narrowed": scope.is_narrowed,
        "clear_url": listing.url(**dict.fromkeys(FILTERS)),
        "region_url": listing.url(v=version),
        "cards_url": f"{request.script_root}/board/cards?{cards}&",
        "list_url": list_url,
        "open_url": lambda key: listing.url(unfold=[*listing.values("unfold"), key]),
        "detail_of": detail_of,
        "new_id": lambda: uuid4().hex,
    }


def _lanes(project: str) -> tuple[str, ...]:
    """What a board can be divided by."""
    return ("priority",) if project else LANES


def _scope(listing: Listing, project: str) -> Scope:
    """What the address asks for: any filter of the list of tickets narrows the board."""
    text = listing.value("q")[:SEARCH_MAX]
    wanted = TicketFilter(
        project=project,
        state=listing.choice("state", STATES) or "open",
        stage=listing.value("stage"),
        priority=listing.choice("priority", tuple(NUMBER_OF)),
        labels=tuple(listing.values("label")[:LABELS_MAX]),
        text=text,
    )
    lanes = listing.choice("lanes", _lanes(project))
    return Scope.of(db.session(), current_visibility(), wanted, lanes)


def _choices(project: str) -> Choices:
    session, visibility = db.session(), current_visibility()
    return Choices(
        (),
        tuple(worker_type_names(session, visibility, project)),
        tuple(label_names(session, visibility)),
    )


def detail_of(card: Card) -> str:
    """What follows a card's situation: "18 min", "by API-75"; for some, nothing."""
    if card.situation == "blocked":
        more = f" and {card.open_blockers - 1:,} more" if card.open_blockers > 1 else ""
        return f"by {card.blocked_by}{more}"
    return ago_text(card.since) if card.situation == "backoff" else for_text(card.since)
