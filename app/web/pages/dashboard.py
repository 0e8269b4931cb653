"""The first page: what runs, what is stuck, and what waits for a person."""

from __future__ import annotations

from datetime import UTC

from flask import Blueprint, render_template, url_for
from markupsafe import Markup

from app.db.base import db
from app.queries import dashboard
from app.queries.first_steps import FirstSteps, first_steps
from app.queries.paging import COUNT_CAP
from app.values import immutable
from app.web.auth.access import page
from app.web.auth.identity import current_zone, require_person
from app.web.http import live
from app.web.http.live import Audience
from app.web.pages.shared import version_of_board

blueprint = Blueprint("dashboard", __name__)

Answer = str | tuple[str, int]


@immutable
class Drawn:
    """The region, and what stands beside it."""

    region: Markup
    waiting_total: int
    has_project: bool
    has_tickets: bool


@blueprint.get("/")
@page(role="viewer")
def show() -> Answer:
    """The dashboard, or only its region when that asks."""
    version = live.stamp(version_of_board())
    if live.is_unchanged(version):
        return "", 204
    drawn = live.shared("dashboard", version, _draw)
    template = "dashboard/_refresh.html" if live.wants_region() else "dashboard/show.html"
    return render_template(template, drawn=drawn, steps=_steps(version))


def _draw(audience: Audience, version: str) -> Drawn:
    board = dashboard.load(db.session(), audience.visibility, current_zone() or UTC)
    region = audience.draw(
        "dashboard/_region.html",
        board=board,
        count_cap=COUNT_CAP,
        refresh_url=url_for("dashboard.show", v=version),
    )
    return Drawn(region, board.waiting_total, board.has_project, board.has_tickets)


def _steps(version: str) -> FirstSteps | None:
    """How far the board has come, until that is far enough, or the person hides it."""
    if require_person().hides_first_steps:
        return None
    steps = live.shared(
        "first steps",
        version,
        lambda whom, _: first_steps(db.session(), whom.visibility),
        # The version doesn't tell of a new token.
        keep=lambda found: found.has_token or found.are_done,
    )
    return None if steps.are_done else steps
