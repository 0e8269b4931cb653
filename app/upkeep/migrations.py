"""Flask-Migrate, for whoever changes the schema. A server never does: it imports none of this."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate

from app.db.base import db
from app.settings.board import ROOT


def bind_migrations(app: Flask) -> None:
    """Let Flask-Migrate's functions and commands work on the application's database."""
    Migrate(app, db, directory=str(ROOT / "migrations"))
