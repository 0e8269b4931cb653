"""The sample project, served to a browser, on a board whose clock stands still."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from app import clock, create_app
from app.actor import Actor
from app.db.base import db
from app.models import User
from app.sample.content import load_sample
from app.sample.history import create_history
from app.settings.board import load_settings
from app.upkeep.migrations import bind_migrations

PROJECT = "acme/web"
PERSON = "maya"
"""Who looks: an admin, who is somebody in the sample's history, too."""

PASSWORD = "correct horse battery"
"""Of a board that ends with this program."""


@dataclass(frozen=True)
class SampleBoard:
    """Where it is, and how to change it."""

    url: str
    app: Flask
    moment: datetime

    def change(self, how: Callable[[Session], Any]) -> Any:
        """What comes of doing something on the board, at its moment; it is committed."""
        with self.app.app_context(), clock.at(self.moment):
            found = how(db.session())
            db.session.commit()
            return found


def fill_with_people(session: Session) -> None:
    """Some people, of whom one can sign in: all that a new board has."""
    root = Actor.operator("root")
    for name, role in ((PERSON, "admin"), ("tom", "lead"), ("ann", "member"), ("lena", "member")):
        User.create(session, name=name, role=role, actor=root)
    User.named(session, PERSON).set_password(PASSWORD, root)


def fill_with_sample(session: Session) -> None:
    """The same, and the sample project."""
    fill_with_people(session)
    create_history(session, PROJECT, load_sample(), Actor.operator("root"))


@contextmanager
def sample_board(
    moment: datetime, fill: Callable[[Session], None] = fill_with_sample
) -> Iterator[SampleBoard]:
    """A board on which it is always that moment."""
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        path = Path(folder)
        app = create_app(
            load_settings(
                database_url=f"sqlite:///{path / 'board.db'}",
                instance_path=path,
                log_level="error",
            )
        )
        bind_migrations(app)
        with app.app_context():
            flask_migrate.upgrade()

        def at_the_moment(environ: Any, start_response: Any) -> Iterable[bytes]:
            with clock.at(moment):
                return app(environ, start_response)

        server = make_server("127.0.0.1", 0, at_the_moment, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        board = SampleBoard(f"http://127.0.0.1:{server.server_port}", app, moment)
        board.change(fill)
        try:
            yield board
        finally:
            server.shutdown()
            with app.app_context():
                db.engine.dispose()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("This needs Debian's chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        yield browser
        browser.close()


def sign_in(context: BrowserContext) -> None:
    """Sign the person in on a browser, by the page for it."""
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill(PERSON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()
    page.close()
