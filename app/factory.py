"""Builds the application: settings, extensions, interfaces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from app.db import engine
from app.db.base import db
from app.extensions import csrf, login
from app.observability import logs
from app.rendering import Templates
from app.settings.board import ROOT, Settings, load_settings, secret_key


class Board(Flask):
    """A Flask application without a view, or anything else that it calls, that is a coroutine."""

    jinja_environment = Templates

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The library looks for it whenever it calls one: seven times for a poll."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises `ConfigError` when a setting is wrong."""
    settings = settings or load_settings()
    logs.configure(settings.log_level, settings.log_format)
    app = Board(
        "app",
        instance_path=str(settings.instance_path.resolve()),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.from_mapping(_flask_config(settings))
    app.extensions["callboard.settings"] = settings
    _bind_extensions(app, settings)
    _register_interfaces(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": secret_key(settings),
        "SQLALCHEMY_DATABASE_URI": settings.url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine.engine_options(settings.url),
        "MAX_CONTENT_LENGTH": settings.max_body_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_body_bytes,
        "MAX_FORM_PARTS": 2_000,
        "TRUSTED_HOSTS": settings.trusted_hosts or None,
        "SESSION_COOKIE_NAME": "callboard",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        # Sent when it changes, not with every file, poll and health check; so it lives long.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=365),
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _bind_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    # Templates know the person as `person`: to ask for them is for the frame to decide.
    login.init_app(app, add_context_processor=False)
    with app.app_context():
        engine.prepare(db.engine, synchronous=settings.sqlite_synchronous)


def _register_interfaces(app: Flask) -> None:
    from app import api, mcp, rendering, web
    from app.web.auth import access

    rendering.register(app)
    web.register(app)
    # After the guard: what a form of someone who was signed out holds is kept, not refused.
    csrf.init_app(app)
    api.register(app)
    mcp.register(app)
    app.register_error_handler(Exception, _answer_error)
    access.register(app)


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Unknown paths and wrong methods belong to no blueprint: the path says whose error it is."""
    from app import mcp
    from app.api import problems
    from app.web.http import errors

    if request.path.startswith("/api/"):
        return problems.answer(error)
    if mcp.is_mcp(request.path):
        return mcp.answer_error(error)
    return errors.answer(error)
