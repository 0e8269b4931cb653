"""The pages: one blueprint an entity."""

from __future__ import annotations

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.web import addresses, edge, navigation


def register(app: Flask) -> None:
    """Add the pages to the application."""
    settings: Settings = app.extensions["callboard.settings"]
    if hops := settings.proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops, hops)  # type: ignore[method-assign]  # Flask's documented way
    app.url_map.converters["project"] = addresses.ProjectConverter
    app.url_map.converters["int"] = addresses.RowNumberConverter
    edge.register(app)
    navigation.register(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)


def _blueprints() -> tuple[Blueprint, ...]:
    from app.web.accounts import blueprint as accounts
    from app.web.comments import blueprint as comments
    from app.web.dashboard import blueprint as dashboard
    from app.web.events import blueprint as events
    from app.web.health import blueprint as health
    from app.web.plan_templates import blueprint as plan_templates
    from app.web.projects import blueprint as projects
    from app.web.tickets import blueprint as tickets
    from app.web.worker_types import blueprint as worker_types
    from app.web.workers import blueprint as workers

    return (
        dashboard,
        projects,
        worker_types,
        plan_templates,
        tickets,
        comments,
        workers,
        events,
        accounts,
        health,
    )
