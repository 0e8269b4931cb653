"""What the pages about one project share: its tabs, and the lease that worker types begin with."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template

from app.db.base import db
from app.models import Project
from app.queries.projects.list import tabs
from app.settings.board import Settings


def project_page(file: str, project: Project, **shown: Any) -> str:
    """A page that stands under the project's heading and tabs."""
    counts = tabs(db.session(), project.repository_name)
    return render_template(file, project=project, counts=counts, **shown)


def default_lease() -> int:
    """Seconds that the claims of a new worker type live without a heartbeat."""
    settings: Settings = current_app.extensions["callboard.settings"]
    return settings.lease_seconds
