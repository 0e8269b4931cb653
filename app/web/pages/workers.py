"""Workers: who is alive, what each does, and how to end one."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app import pipeline
from app.db.base import db
from app.forms.base import BoardForm
from app.forms.seen import DeclareDeadForm
from app.models import StageRun, Worker
from app.queries.choices import project_names, worker_type_names
from app.queries.events.filter import EventFilter
from app.queries.events.list import event_page
from app.queries.paging import Page
from app.queries.workers.conditions import SHOWN_STATUSES, WorkerFilter
from app.queries.workers.list import (
    NEWEST_FIRST,
    SORTS,
    WorkerRow,
    list_version,
    page_version,
    runs_of,
    worker_page,
    worker_row,
)
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http import live
from app.web.http.saving import done, save
from app.web.pages.listing import Listing
from app.web.pages.loading import require_worker

blueprint = Blueprint("workers", __name__)

RUNS_SHOWN = 20
EVENTS_SHOWN = 10


@blueprint.get("/workers")
@page(role="viewer")
def index() -> Answer:
    """The workers that someone may care about now, or those that the address asks for."""
    version = live.stamp(list_version(db.session(), current_visibility()))
    if live.is_unchanged(version):
        return "", 204
    listing = Listing(sorts=SORTS, default="status", newest_first=NEWEST_FIRST)
    wanted = _wanted(listing)
    shown = {
        "listing": listing,
        "wanted": wanted,
        "page": _workers(listing, wanted),
        "refresh_url": listing.url(v=version),
    }
    if live.wants_region():
        return render_template("workers/_list.html", **shown)
    page = render_template("workers/index.html", **_choices(wanted.project), **shown)
    return page, listing.status


@blueprint.get("/workers/<worker_id>")
@page(role="viewer")
def show(worker_id: str) -> Answer:
    """One worker: what it does now, what it did, and what happened to it."""
    require_worker(worker_id)
    version = live.stamp(page_version(db.session(), worker_id))
    if live.is_unchanged(version):
        return "", 204
    listing = Listing()
    template = "workers/_worker.html" if live.wants_region() else "workers/show.html"
    return render_template(
        template,
        listing=listing,
        worker=worker_row(db.session(), worker_id),
        form=DeclareDeadForm(formdata=None),
        refresh_url=listing.url(v=version),
        **_history(worker_id, listing.page),
    )


def _history(worker_id: str, page: int) -> dict[str, Any]:
    session, visibility = db.session(), current_visibility()
    about = EventFilter(worker=worker_id)
    return {
        "runs": runs_of(session, visibility, worker_id, page, RUNS_SHOWN),
        "events": event_page(session, visibility, about, size=EVENTS_SHOWN),
    }


@blueprint.post("/workers/<worker_id>/stop")
@page(role="member")
def stop(worker_id: str) -> Answer:
    """Ask the process to stop at its next heartbeat."""
    require_worker(worker_id)
    form = BoardForm()
    if said := save(form, partial(_stop, worker_id)):
        return done(said, "workers.show", worker_id=worker_id)
    worker = worker_row(db.session(), worker_id)
    return render_template("workers/stop.html", form=form, worker=worker), form.status


def _stop(worker_id: str, session: Session) -> str:
    Worker.lock(session, worker_id).ask_to_stop(current_actor())
    return f"{worker_id} is asked to stop: its next heartbeat tells it."


@blueprint.route("/workers/<worker_id>/declare-dead", methods=["GET", "POST"])
@page(role="member")
def declare_dead(worker_id: str) -> Answer:
    """Give the worker up without waiting for its lease; asks first."""
    require_worker(worker_id)
    form = DeclareDeadForm()
    if said := save(form, partial(_declare_dead, worker_id, form)):
        return done(said, "workers.show", worker_id=worker_id)
    worker = worker_row(db.session(), worker_id)
    return render_template("workers/declare_dead.html", form=form, worker=worker), form.status


def _declare_dead(worker_id: str, form: DeclareDeadForm, session: Session) -> str:
    held = StageRun.of_worker(session, worker_id)
    form.require_seen(worker_id, held.run_id if held else None)
    pipeline.declare_dead(session, worker_id, current_actor())
    return f"{worker_id} is declared dead."


def _workers(listing: Listing, wanted: WorkerFilter) -> Page[WorkerRow]:
    order = listing.sort, listing.descending
    return worker_page(db.session(), current_visibility(), wanted, *order, listing.page)


def _wanted(listing: Listing) -> WorkerFilter:
    session, visibility = db.session(), current_visibility()
    project = listing.choice("project", project_names(session, visibility))
    return WorkerFilter(
        project=project,
        worker_type=listing.choice(
            "type", worker_type_names(session, visibility, project, only_agents=True)
        ),
        status=listing.choice("status", (*SHOWN_STATUSES, "all")),
    )


def _choices(project: str) -> dict[str, list[tuple[str, str]]]:
    session, visibility = db.session(), current_visibility()
    return {
        "projects": [(name, name) for name in project_names(session, visibility)],
        "worker_types": [
            (name, name)
            for name in worker_type_names(session, visibility, project, only_agents=True)
        ],
    }
