"""Connect agents: the commands that a runner, an MCP client or a script needs, ready to copy."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue as Answer

from app.connecting import PROGRAMS, api_command, mcp_endpoint, runner_command, token_command
from app.db.base import db
from app.forms.api_token import TokenForm
from app.links import public_url
from app.queries.choices import project_names, worker_type_names
from app.queries.first_steps import first_role
from app.queries.workers.conditions import WorkerFilter
from app.queries.workers.list import list_version, worker_page
from app.web.auth.access import page
from app.web.auth.identity import current_visibility
from app.web.http import live
from app.web.http.saving import save
from app.web.pages.api_tokens import issue_token
from app.web.pages.listing import Listing

blueprint = Blueprint("connect", __name__)

WORKERS_SHOWN = 3


@blueprint.get("/connect")
@page(role="viewer")
def show() -> Answer:
    """The commands, or only the line that tells who has come, when that asks."""
    version = live.stamp(list_version(db.session(), current_visibility()))
    if live.is_unchanged(version):
        return "", 204
    listing = Listing()
    seen = _seen(listing, version)
    if live.wants_region():
        return render_template("connect/_seen.html", **seen)
    form = _form(seen["project"], formdata=None)
    shown = render_template("connect/show.html", form=form, **_commands(listing, seen), **seen)
    return shown, listing.status


@blueprint.post("/connect")
@page(role="admin")
def make_token() -> Answer:
    """The same with a new token in the commands: the only time that it is shown."""
    listing = Listing()
    seen = _seen(listing, live.stamp(list_version(db.session(), current_visibility())))
    form = _form(seen["project"])
    token, secret = save(form, partial(issue_token, form)) or (None, None)
    shown = {**seen, **_commands(listing, seen, secret)}
    return render_template("connect/show.html", form=form, token=token, **shown), form.status


def _seen(listing: Listing, version: str) -> dict[str, Any]:
    """The chosen project, or the one that waits most for agents, and who came for it last."""
    session, visibility = db.session(), current_visibility()
    projects = project_names(session, visibility, only_active=True)
    chosen, asked = listing.choice("project", projects), listing.value("type")
    project, likely = first_role(session, visibility, chosen or None) or (chosen, "")
    types = worker_type_names(session, visibility, project, only_agents=True) if project else []
    came = WorkerFilter(project=project, status="all")
    return {
        "project_choices": [(name, name) for name in projects],
        "project": project,
        "type_choices": [(name, name) for name in types],
        # With another project chosen, the form still sends the worker type of the one before.
        "worker_type": asked if asked in types else likely,
        "workers": worker_page(
            session, visibility, came, "heartbeat", descending=True, size=WORKERS_SHOWN
        ).items,
        "refresh_url": listing.url(v=version),
    }


def _commands(listing: Listing, seen: dict[str, Any], secret: str | None = None) -> dict[str, Any]:
    name = listing.choice("agent", tuple(PROGRAMS)) or next(iter(PROGRAMS))
    program, url = PROGRAMS[name], (public_url() or request.url_root).rstrip("/")
    project, worker_type = seen["project"], seen["worker_type"]
    return {
        "listing": listing,
        "agents": [(key, each.label) for key, each in PROGRAMS.items()],
        "agent": name,
        "program": program,
        "token_command": token_command(secret),
        "runner": runner_command(url, project, worker_type, program) if worker_type else None,
        "configuration": program.configured("callboard", mcp_endpoint(url) or url, None),
        "api": api_command(url, project),
    }


def _form(project: str, **values: Any) -> TokenForm:
    name = f"{project.rpartition('/')[2]}-crew" if project else "crew"
    form = TokenForm(data={"name": name, "scopes": ["work"], "project_id": project}, **values)
    form.offer(project_names(db.session(), current_visibility()))
    form.offer_only("work", "plan")
    return form
