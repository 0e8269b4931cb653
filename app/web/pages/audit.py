"""The audit, for admins: who was let in, and who changed what belongs to no ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from flask import Blueprint, render_template

from app.db.base import db
from app.models.audit import ACTIONS
from app.queries.choices import project_names
from app.queries.paging import COUNT_CAP
from app.queries.people.audit import AuditFilter, audit_page, count_audit
from app.web.auth.access import page
from app.web.auth.identity import current_visibility, current_zone
from app.web.pages.audit_phrases import NAMES, audit_sentence
from app.web.pages.listing import Listing

blueprint = Blueprint("audit", __name__)
blueprint.add_app_template_filter(audit_sentence, "audit_sentence")

LONGEST_ID = 18
"""Digits of a number that a database's row can have."""


@blueprint.get("/audit")
@page(role="admin")
def index() -> tuple[str, int]:
    """The list, newest first, as its address filters it."""
    listing, session = Listing(), db.session()
    wanted = _wanted(listing)
    page = render_template(
        "audit/index.html",
        listing=listing,
        wanted=wanted,
        page=audit_page(session, wanted, before=_before(listing)),
        total=count_audit(session, wanted),
        count_cap=COUNT_CAP,
        projects=_offered(project_names(session, current_visibility()), wanted.project),
        names=NAMES,
    )
    return page, listing.status


def _wanted(listing: Listing) -> AuditFilter:
    return AuditFilter(
        action=listing.choice("action", ACTIONS),
        actor=listing.value("actor"),
        # A project that was deleted is still found by its name.
        project=listing.value("project"),
        since=_since(listing),
    )


def _offered(names: Sequence[str], wanted: str) -> list[tuple[str, str]]:
    others = [wanted] if wanted and wanted not in names else []
    return [(name, name) for name in (*names, *others)]


def _since(listing: Listing) -> datetime | None:
    """Midnight of that day, where the person is."""
    text = listing.value("since")
    try:
        day = date.fromisoformat(text) if text else None
        here = current_zone() or UTC
        return datetime.combine(day, time.min, here).astimezone(UTC) if day else None
    except (ValueError, OverflowError):
        listing.problems.append(f"“{text}” is no day such as 2026-03-31.")
    return None


def _before(listing: Listing) -> int | None:
    text = listing.value("before")
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        return int(text)
    if text:
        listing.problems.append(f"There is no entry “{text}” to page from.")
    return None
