"""The first page: what runs, what is stuck, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from operator import attrgetter
from shlex import quote

from flask import Blueprint, render_template, request, url_for
from markupsafe import Markup

from app.db.base import db
from app.links import public_url
from app.queries import dashboard
from app.queries.paging import COUNT_CAP
from app.web.auth.access import page
from app.web.auth.identity import current_zone
from app.web.http import live
from app.web.http.live import Audience
from app.web.pages.shared import version_of_board

blueprint = Blueprint("dashboard", __name__)

Answer = str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The region, and what stands beside it."""

    region: Markup
    waiting_total: int
    has_project: bool
    is_set_up: bool


@blueprint.get("/")
@page(role="viewer")
def show() -> Answer:
    """The dashboard, or only its region when that asks."""
    version = live.stamp(version_of_board())
    if live.is_unchanged(version):
        return "", 204
    drawn = live.shared("dashboard", version, _draw, keep=attrgetter("is_set_up"))
    template = "dashboard/_refresh.html" if live.wants_region() else "dashboard/show.html"
    return render_template(template, drawn=drawn)


def _draw(audience: Audience, version: str) -> Drawn:
    board = dashboard.load(db.session(), audience.visibility, current_zone() or UTC)
    region = audience.draw(
        "dashboard/_region.html",
        board=board,
        count_cap=COUNT_CAP,
        refresh_url=url_for("dashboard.show", v=version),
        address=quote((public_url() or request.url_root).rstrip("/")),
    )
    steps = board.steps
    return Drawn(region, board.waiting_total, steps.project is not None, steps.are_done)
