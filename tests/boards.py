"""Whole boards: made, filled, compared row by row, and given to commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from app import create_app, factory
from app.actor import Actor
from app.cli import callboard
from app.db.base import db
from app.db.day_totals import keep_days
from app.models import (
    ApiToken,
    CommentVersion,
    DefaultView,
    GateApprover,
    IdempotencyKey,
    Identity,
    Invitation,
    PlanTemplate,
    Project,
    RelatedTickets,
    SavedView,
    SignInAttempt,
    User,
    UserSession,
    WorkerType,
)
from app.settings.board import load_settings
from app.upkeep.migrations import bind_migrations
from tests.factories import ANN, GATE, PROJECT, claim, make_project, make_ticket, make_worker

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


def fill_every_table(session: Session) -> None:
    """At least one row in each, some of which name each other."""
    make_project(session)
    blocker, ticket = make_ticket(session, labels=["bug"]), make_ticket(session)
    make_ticket(session, parent_id=ticket.ticket_id)
    ticket.block_by(blocker.ticket_id, ANN)
    worker = make_worker(session)
    claim(session, worker).complete("Done.")
    claim(session, worker)
    PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name="usual", plan=["review"])
    user = User.create(session, name="ann", role="lead", actor=ANN)
    token, _ = ApiToken.issue(session, name="ci", scopes=["work"], actor=ANN, project_id=PROJECT)
    Project.get(session, PROJECT).add_member(user, ANN)
    place = {"address": "127.0.0.1", "user_agent": "a test"}
    UserSession.begin(session, user, method="password", **place)
    Invitation.to_reset(session, user, ANN)
    SignInAttempt.begin(session, "ann", "127.0.0.1")
    at_provider = {"issuer": "https://id.example", "subject": "1", "label": None}
    Identity.link(session, user, **at_provider, actor=ANN)
    view = SavedView(user_id=user.id, name="mine", query="state=open")
    session.add(view)
    session.flush()
    session.add(DefaultView(user_id=user.id, view_id=view.id))
    gate = session.scalar(select(WorkerType.id).where(WorkerType.worker_type == GATE))
    session.add(GateApprover(worker_type_id=gate, user_id=user.id))
    ticket.assignee_id = user.id
    session.add(RelatedTickets(ticket_id=blocker.ticket_id, related_id=ticket.ticket_id))
    said = ticket.say("Twice, @ann.", Actor.system())
    session.add(CommentVersion(comment_id=said, content="Once."))
    ticket.edit(ANN, description="Once more.")
    IdempotencyKey.take(session, token.id, "key-1", "hash")
    keep_days(session.connection(), [datetime(2026, 1, 1, tzinfo=UTC)])


def without_tables(url: str) -> str:
    """A PostgreSQL database with nothing in it, whatever was there."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@contextmanager
def without_interfaces() -> Iterator[None]:
    """Applications that are made inside are for commands and migrations: to make the routes of
    pages, API and MCP takes nearly all of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factory, "_register_interfaces", lambda _app: None)
        yield


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
