"""The first page: what runs, what is stuck, and what waits for a person."""

from __future__ import annotations

from datetime import UTC
from shlex import quote

from flask import Blueprint, render_template, request, url_for

from app.db.base import db
from app.links import public_url
from app.queries import dashboard
from app.queries.inbox.list import inbox_version
from app.web.auth.access import page
from app.web.auth.identity import current_visibility, current_zone
from app.web.http import live

blueprint = Blueprint("dashboard", __name__)

Answer = str | tuple[str, int]


@blueprint.get("/")
@page(role="viewer")
def show() -> Answer:
    """The dashboard, or only its region when that asks."""
    session, visibility = db.session(), current_visibility()
    version = live.stamp(inbox_version(session, visibility))
    if live.is_unchanged(version):
        return "", 204
    template = "dashboard/_region.html" if live.wants_region() else "dashboard/show.html"
    return render_template(
        template,
        apart=live.wants_region(),
        board=dashboard.load(session, visibility, current_zone() or UTC),
        refresh_url=url_for("dashboard.show", v=version),
        address=quote((public_url() or request.url_root).rstrip("/")),
    )
