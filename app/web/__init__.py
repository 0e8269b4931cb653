"""The pages: one blueprint an entity."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.settings.board import Settings
from app.web.auth import identity, single_sign_on, trusted_header
from app.web.http import bundles, compiled_templates, edge, live, public_address
from app.web.http.proxies import Proxies
from app.web.http.request_log import RequestLog
from app.web.pages import health, navigation, times


def register(app: Flask) -> None:
    """Add the pages to the application."""
    settings: Settings = app.extensions["callboard.settings"]
    inner = Proxies(app.wsgi_app, settings.proxy_hops) if settings.proxy_hops else app.wsgi_app
    app.wsgi_app = RequestLog(inner, trusts_proxy=settings.proxy_hops > 0)  # type: ignore[method-assign]  # Flask's documented way
    compiled_templates.register(app)
    public_address.register(app)
    edge.register(app)
    live.register(app)
    bundles.register(app)
    health.register(app)
    identity.register()
    single_sign_on.register(app)
    trusted_header.register(app)
    navigation.register(app)
    times.register(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)


def _blueprints() -> tuple[Blueprint, ...]:
    from app.web.auth.accounts import blueprint as accounts
    from app.web.auth.connections import blueprint as connections
    from app.web.auth.single_sign_on import blueprint as single_sign_on
    from app.web.auth.trusted_header import blueprint as trusted_header
    from app.web.pages.api_tokens import blueprint as api_tokens
    from app.web.pages.audit import blueprint as audit
    from app.web.pages.board import blueprint as board
    from app.web.pages.comments import blueprint as comments
    from app.web.pages.connect import blueprint as connect
    from app.web.pages.dashboard import blueprint as dashboard
    from app.web.pages.events import blueprint as events
    from app.web.pages.first_steps import blueprint as first_steps
    from app.web.pages.importing import blueprint as importing
    from app.web.pages.inbox import blueprint as inbox
    from app.web.pages.members import blueprint as members
    from app.web.pages.metrics import blueprint as metrics
    from app.web.pages.people import blueprint as people
    from app.web.pages.plan_templates import blueprint as plan_templates
    from app.web.pages.projects import blueprint as projects
    from app.web.pages.saved_views import blueprint as saved_views
    from app.web.pages.search import blueprint as search
    from app.web.pages.statistics import blueprint as statistics
    from app.web.pages.tickets import blueprint as tickets
    from app.web.pages.worker_types import blueprint as worker_types
    from app.web.pages.workers import blueprint as workers

    return (
        dashboard,
        first_steps,
        connect,
        board,
        projects,
        importing,
        search,
        members,
        worker_types,
        plan_templates,
        tickets,
        saved_views,
        comments,
        workers,
        events,
        inbox,
        statistics,
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
