"""What the pages about one project share: how it is loaded, its tabs, the lease it begins with."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from app.db.base import db
from app.models import Project
from app.queries.projects.list import tabs
from app.settings.board import Settings

Answer = str | Response | tuple[str, int]


def load_project(name: str) -> Project:
    """The project; held against other changes when the request makes one."""
    load = Project.lock if request.method == "POST" else Project.get
    return load(db.session(), name)


def project_page(file: str, project: Project, **shown: Any) -> str:
    """A page that stands under the project's heading and tabs."""
    counts = tabs(db.session(), project.repository_name)
    return render_template(file, project=project, counts=counts, **shown)


def default_lease() -> int:
    """Seconds that the claims of a new worker type live without a heartbeat."""
    settings: Settings = current_app.extensions["callboard.settings"]
    return settings.lease_seconds
