"""Callboard: the board where a team sees what its crews of AI agents are doing, and steps in."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import engine
from app.config import ROOT, Settings, load_settings, secret_key
from app.extensions import csrf, db, migrate


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises `ConfigError` when a setting is wrong."""
    settings = settings or load_settings()
    app = Flask(
        __name__,
        instance_path=str(settings.instance_path.resolve()),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.from_mapping(_flask_config(settings))
    app.extensions["callboard.settings"] = settings
    _bind_extensions(app)
    _open_doors(app)
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
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    csrf.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    with app.app_context():
        engine.prepare(db.engine)


def _open_doors(app: Flask) -> None:
    from app import cli, rendering, web

    rendering.register(app)
    web.register(app)
    cli.register(app)
