"""The pages: one blueprint an entity."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.config import Settings
from app.web import (
    access,
    addresses,
    edge,
    health,
    identity,
    navigation,
    public_address,
    single_sign_on,
    trusted_header,
)
from app.web.passage import Passages
from app.web.proxies import Proxies


def register(app: Flask) -> None:
    """Add the pages to the application."""
    settings: Settings = app.extensions["callboard.settings"]
    inner = Proxies(app.wsgi_app, settings.proxy_hops) if settings.proxy_hops else app.wsgi_app
    app.wsgi_app = Passages(inner, trusts_proxy=settings.proxy_hops > 0)  # type: ignore[method-assign]  # Flask's documented way
    app.url_map.converters["project"] = addresses.ProjectConverter
    app.url_map.converters["int"] = addresses.RowNumberConverter
    public_address.register(app)
    edge.register(app)
    health.register(app)
    identity.register()
    single_sign_on.register(app)
    trusted_header.register(app)
    access.register(app)
    navigation.register(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)


def _blueprints() -> tuple[Blueprint, ...]:
    from app.web.accounts import blueprint as accounts
    from app.web.api_tokens import blueprint as api_tokens
    from app.web.audit import blueprint as audit
    from app.web.comments import blueprint as comments
    from app.web.connections import blueprint as connections
    from app.web.dashboard import blueprint as dashboard
    from app.web.events import blueprint as events
    from app.web.inbox import blueprint as inbox
    from app.web.members import blueprint as members
    from app.web.metrics import blueprint as metrics
    from app.web.people import blueprint as people
    from app.web.plan_templates import blueprint as plan_templates
    from app.web.projects import blueprint as projects
    from app.web.single_sign_on import blueprint as single_sign_on
    from app.web.tickets import blueprint as tickets
    from app.web.trusted_header import blueprint as trusted_header
    from app.web.worker_types import blueprint as worker_types
    from app.web.workers import blueprint as workers

    return (
        dashboard,
        projects,
        members,
        worker_types,
        plan_templates,
        tickets,
        comments,
        workers,
        events,
        inbox,
        accounts,
        people,
        api_tokens,
        audit,
        single_sign_on,
        trusted_header,
        connections,
        health.blueprint,
        metrics,
    )
