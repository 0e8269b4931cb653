"""Whole boards: made, filled, compared row by row, and given to commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, select, text

from app import create_app
from app.cli import callboard
from app.db.base import db
from app.settings.board import load_settings
from app.upkeep.migrations import bind_migrations
from tests.db.test_migrations import fill_every_table

Board = dict[str, list[tuple[Any, ...]]]

ON_SQLITE = pytest.mark.parametrize("migrated_app", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("migrated_app", ["postgresql"], indirect=True)


def url_of(app: Flask) -> str:
    """The database of an application."""
    return app.config["SQLALCHEMY_DATABASE_URI"]


def fill(app: Flask) -> None:
    """Rows in every table, some of which name each other."""
    with app.app_context():
        fill_every_table(db.session())
        db.session.commit()


def without_tables(url: str) -> str:
    """A PostgreSQL database with nothing in it, whatever was there."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


def app_without_tables(url: str, folder: Path) -> Flask:
    """An application on a database that nobody has prepared."""
    app = create_app(load_settings(database_url=url, instance_path=folder))
    bind_migrations(app)
    return app


def command(app: Flask, *args: object, stdin: str | None = None) -> Result:
    """A command of its own process, so to speak: no other connection of the application is open."""
    let_go(app)
    try:
        return app.test_cli_runner().invoke(callboard, [str(arg) for arg in args], input=stdin)
    finally:
        let_go(app)


def let_go(app: Flask) -> None:
    """Close all connections to the application's database."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def rows_in(url: str) -> Board:
    """Every row of every table, as the models read them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        board = {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in db.metadata.sorted_tables
        }
    engine.dispose()
    return board


def in_session(app: Flask, do: Callable[..., Any]) -> Any:
    """What comes of doing something on the board; it is committed."""
    with app.app_context():
        found = do(db.session())
        db.session.commit()
        return found
