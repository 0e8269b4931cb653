"""Statistics of a project, and of all: the page, and each of its tables as CSV."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue as Answer

from app import clock
from app.db.base import db
from app.errors import Invalid, NotFound
from app.queries.statistics.figures import Statistics
from app.queries.statistics.kept import statistics_of
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.web.auth.access import page
from app.web.auth.identity import current_reader, current_visibility, current_zone
from app.web.pages.loading import load_project
from app.web.pages.projects import project_page
from app.web.pages.statistics import charts
from app.web.pages.statistics.tables import TABLES, as_csv
from app.web.pages.tickets.asked import QueryListing
from app.web.pages.tickets.query_form import form_context

blueprint = Blueprint("statistics", __name__)

WEEKS = (4, 12, 26, 52)
WEEKS_DEFAULT = 12
SLOWEST_SHOWN = 12


@blueprint.get("/statistics")
@page(role="viewer")
def index() -> Answer:
    """Of all projects that may be seen."""
    listing = _listing()
    return render_template("statistics/index.html", **_shown(listing)), listing.status


@blueprint.get("/statistics/<figure>.csv")
@page(role="viewer")
def download(figure: str) -> Answer:
    """One table, of all projects."""
    return _csv(figure, _listing())


@blueprint.get("/projects/<project:name>/-/statistics")
@page(role="viewer")
def of_project(name: str) -> Answer:
    """Of one project."""
    project = load_project(name)
    listing = _listing(name)
    return project_page("statistics/project.html", project, **_shown(listing)), listing.status


@blueprint.get("/projects/<project:name>/-/statistics/<figure>.csv")
@page(role="viewer")
def download_of_project(name: str, figure: str) -> Answer:
    """One table, of one project."""
    return _csv(figure, _listing(load_project(name).repository_name))


def _listing(project: str = "") -> QueryListing:
    return QueryListing("weeks", "from", "to", project=project)


def _counted(listing: QueryListing, span: Span) -> Statistics:
    """Of the tickets that the address asks for."""
    session, visibility = db.session(), current_visibility()
    wanted, reader = listing.query, current_reader()
    return statistics_of(session, visibility, listing.project, wanted, reader, span)


def _csv(figure: str, listing: QueryListing) -> Answer:
    if figure not in TABLES:
        raise NotFound(f"There is no table {figure} of statistics.")
    span = _span(listing)
    if wrong := [*(mistake.problem for mistake in listing.mistakes), *listing.problems]:
        return Response(wrong[0], 400, mimetype="text/plain")
    text = as_csv(TABLES[figure](_counted(listing, span)))
    response = Response(text, mimetype="text/csv")
    of = f"{listing.project.replace('/', '-')}-" if listing.project else ""
    name = f"{of}{figure}-{span.first}-{span.last}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _span(listing: QueryListing) -> Span:
    """What the address asks for: two days, or weeks up to now; days where the person is."""
    zone = current_zone() or UTC
    number = listing.choice("weeks", [str(each) for each in WEEKS])
    usual = Span.of_weeks(int(number or WEEKS_DEFAULT), clock.now(), zone)
    if number or not (listing.value("from") or listing.value("to")):
        return usual
    first, last = _day(listing, "from", usual.first), _day(listing, "to", usual.last)
    try:
        return Span.of_days(first, last, zone)
    except Invalid as error:
        listing.problems.append(str(error))
        return usual


def _day(listing: QueryListing, name: str, usual: date) -> date:
    text = listing.value(name)
    try:
        return date.fromisoformat(text) if text else usual
    except ValueError:
        listing.problems.append(f"“{text}” is no day such as 2026-03-31.")
        return usual


def _shown(listing: QueryListing) -> dict[str, Any]:
    span, form, asked_at = _span(listing), form_context(listing), clock.now()
    found = _counted(listing, span) if listing.is_understood else None
    return {
        **form,
        "lanes": None,
        "kept_in_form": tuple(
            (name, value) for name in listing.kept if (value := listing.value(name))
        ),
        "span": span,
        "found": found,
        "has_tickets": not found or not found.is_empty or _has_tickets(listing),
        "is_kept": bool(found and found.taken_at < asked_at),
        "weeks_offered": WEEKS,
        "weeks": _weeks_of(span),
        "zone": getattr(span.zone, "key", "UTC"),
        **(_drawn(found) if found else {}),
        "csv_url": f"{request.script_root}{request.path}/",
        "csv_query": _csv_query(listing, span),
    }


def _has_tickets(listing: QueryListing) -> bool:
    return Scope(current_visibility(), listing.project).has_any(db.session())


def _drawn(found: Statistics) -> dict[str, Any]:
    spreads = [spread for one in found.stages for spread in (one.waiting, one.working)]
    drawn = charts.ranges(spreads)
    return {
        "throughput": charts.throughput(found.flow.weeks),
        "cumulative": charts.cumulative(found.flow.standings),
        "scatter": charts.scatter(found.cycle.tickets, found.cycle.cycle, found.span),
        "slowest": sorted(found.cycle.tickets, key=lambda one: -one.cycle)[:SLOWEST_SHOWN],
        "stage_ranges": list(zip(drawn[::2], drawn[1::2], strict=True)),
        "wait_ranges": charts.ranges(wait.spread for wait in found.waits),
    }


def _weeks_of(span: Span) -> int | None:
    """Which of the offered spans it is."""
    now = clock.now()
    return next((each for each in WEEKS if Span.of_weeks(each, now, span.zone) == span), None)


def _csv_query(listing: QueryListing, span: Span) -> str:
    """The same tickets, and the same days by their dates, so that a file is what the page shows."""
    asked = {"q": listing.text} if listing.text else {}
    return "?" + urlencode({**asked, "from": span.first, "to": span.last})
