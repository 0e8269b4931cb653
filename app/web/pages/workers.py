"""Workers: who is alive, what each does, and how to end one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import pipeline
from app.db.base import db
from app.forms.worker import DeclareDeadForm, StopForm
from app.models import StageRun, Worker
from app.queries.choices import project_names, worker_type_names
from app.queries.events.list import EventFilter, event_page
from app.queries.workers.conditions import SHOWN_STATUSES, WorkerFilter
from app.queries.workers.list import (
    NEWEST_FIRST,
    SORTS,
    list_version,
    page_version,
    runs_of,
    worker_page,
    worker_row,
)
from app.web.auth.identity import current_actor, current_visibility
from app.web.http import live
from app.web.pages.listing import Listing

blueprint = Blueprint("workers", __name__)

RUNS_SHOWN = 20
EVENTS_SHOWN = 10

Answer = str | Response | tuple[str, int]


@blueprint.get("/workers")
def index() -> Answer:
    """The workers that someone may care about now, or those that the address asks for."""
    session, visibility = db.session(), current_visibility()
    version = live.stamp(list_version(session, visibility))
    if live.is_unchanged(version):
        return "", 204
    listing = Listing(sorts=SORTS, default="status", newest_first=NEWEST_FIRST)
    wanted = _wanted(listing)
    parts = {
        "page": worker_page(
            session, visibility, wanted, listing.sort, listing.descending, listing.page
        ),
        "refresh_url": listing.url(v=version),
    }
    if live.wants_region():
        return render_template("workers/_list.html", listing=listing, wanted=wanted, **parts)
    choices = _choices(wanted.project)
    page = render_template("workers/index.html", listing=listing, wanted=wanted, **choices, **parts)
    return page, listing.status


@blueprint.get("/workers/<worker_id>")
def show(worker_id: str) -> Answer:
    """One worker: what it does now, what it did, and what happened to it."""
    session, visibility = db.session(), current_visibility()
    version = live.stamp(page_version(session, worker_id))
    if live.is_unchanged(version):
        return "", 204
    listing = Listing()
    template = "workers/_worker.html" if live.wants_region() else "workers/show.html"
    return render_template(
        template,
        listing=listing,
        worker=worker_row(session, worker_id),
        runs=runs_of(session, visibility, worker_id, listing.page, RUNS_SHOWN),
        events=event_page(session, visibility, EventFilter(worker=worker_id), size=EVENTS_SHOWN),
        form=DeclareDeadForm(formdata=None),
        refresh_url=listing.url(v=version),
    )


@blueprint.post("/workers/<worker_id>/stop")
def stop(worker_id: str) -> Answer:
    """Ask the process to stop at its next heartbeat."""
    form = StopForm()
    if form.validate_on_submit():
        with form.catching():
            Worker.lock(db.session(), worker_id).ask_to_stop(current_actor())
            db.session.commit()
            flash(f"{worker_id} is asked to stop: its next heartbeat tells it.")
            return redirect(url_for("workers.show", worker_id=worker_id), 303)
    worker = worker_row(db.session(), worker_id)
    return render_template("workers/stop.html", form=form, worker=worker), form.status


@blueprint.route("/workers/<worker_id>/declare-dead", methods=["GET", "POST"])
def declare_dead(worker_id: str) -> Answer:
    """Give the worker up without waiting for its lease; asks first."""
    form = DeclareDeadForm()
    if form.validate_on_submit():
        with form.catching():
            held = StageRun.of_worker(db.session(), worker_id)
            form.require_seen(worker_id, held.run_id if held else None)
            pipeline.declare_dead(db.session(), worker_id, current_actor())
            db.session.commit()
            flash(f"{worker_id} is declared dead.")
            return redirect(url_for("workers.show", worker_id=worker_id), 303)
    worker = worker_row(db.session(), worker_id)
    return render_template("workers/declare_dead.html", form=form, worker=worker), form.status


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
