"""What every test may ask for: an application on each database, a session, a client.

The parts are real: a migrated SQLite file, and a PostgreSQL server that comes by pip.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from argon2 import PasswordHasher
from click.testing import Result
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app import create_app
from app.actor import Actor
from app.cli import callboard
from app.db.base import db
from app.models import User, UserSession, user
from app.queries.statistics.kept import forget
from app.settings.board import load_settings
from app.upkeep.migrations import bind_migrations
from app.upkeep.revisions import SchemaCheck
from tests.databases import (
    EMPTY_FILE,
    bring_back_empty_file,
    copy_database,
    empty_all_tables,
    folder_of_run,
    has_migrations,
    has_tables,
    keep_empty_file,
    run_on_server,
)
from tests.dealing import pytest_collection_modifyitems, pytest_xdist_auto_num_workers
from tests.postgresql import shared_server

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_auto_num_workers"]

DATABASES = ("sqlite", "postgresql")
ADAPTERS = ("tests.web", "tests.mcp", "tests.api", "tests.visibility")
"""Packages of tests that ask how a question or an answer is put. What the database answers is
tested below them, so one database is enough, but for those marked `both_databases`."""

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The first takes a quarter less: it has no windows to look after."""

_numbers = count(1)

SignIn = Callable[..., FlaskClient]
Run = Callable[..., Result]
OpenSession = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server, which all processes of the run share."""
    with shared_server(folder_of_run(tmp_path_factory)) as url:
        yield url


@pytest.fixture(scope="session")
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Make an empty database of a kind; gives its URL. For tests that spawn processes."""
    made = 0

    def make(kind: str) -> str:
        nonlocal made
        made += 1
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('db')}/board.db"
        name = f"board_{os.getpid()}_{made}"
        server: str = request.getfixturevalue("postgresql")
        run_on_server(server, f"CREATE DATABASE {name}")
        return server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session")
def make_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Flask]]:
    """Make an application with its tables on a database URL. The migrations make the first of each
    kind of database; a later one that holds nothing yet begins as its copy."""
    made: list[Flask] = []
    empty_database = f"empty_{os.getpid()}"
    has_empty_database = False
    empty_file = sqlite3.connect(":memory:", check_same_thread=False)
    compiled = folder_of_run(tmp_path_factory) / "compiled-templates"
    compiled.mkdir(mode=0o700, exist_ok=True)

    def make(url: str, **settings: Any) -> Flask:
        nonlocal has_empty_database
        name = make_url(url).database or ""
        is_sqlite = url.startswith("sqlite")
        is_new_file = is_sqlite and not Path(name).exists()
        is_new_database = not is_sqlite and not has_migrations(url)
        # Nobody needs this data after a power cut.
        settings.setdefault("sqlite_synchronous", "normal")
        instance = tmp_path_factory.mktemp("instance")
        # Each template is compiled once in a run, not once for each application.
        (instance / "templates").symlink_to(compiled)
        app = create_app(load_settings(database_url=url, instance_path=instance, **settings))
        bind_migrations(app)
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        app.extensions[EMPTY_FILE] = empty_file
        with app.app_context():
            if is_new_file and has_tables(empty_file):
                bring_back_empty_file()
            elif is_new_database and has_empty_database:
                copy_database(url, empty_database, name)
            else:
                flask_migrate.upgrade()
                if is_new_file:
                    keep_empty_file()
                elif is_new_database:
                    db.engine.dispose()
                    copy_database(url, name, empty_database)
                    has_empty_database = True
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()
    empty_file.close()


def pytest_configure() -> None:
    """A run that is told to end cleans up, as after Ctrl-C. It starts hundreds of processes: what
    one of them has compiled, none compiles again, whatever the environment says."""
    gc.disable()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Modules and thousands of tests stay until the end. To look through them for garbage again and
    again would take a sixth of the run's time; and after each 700 new objects, a twentieth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """Look through what is left once for what nobody closed. pytest does so five times then, for
    garbage that only shows itself when other garbage is gone."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases that a test's application runs on, unless the test names them itself."""
    chosen = metafunc.definition.iter_markers("parametrize")
    is_named = any("migrated_app" in mark.args[0] for mark in chosen)
    if "migrated_app" in metafunc.fixturenames and not is_named:
        is_adapter = metafunc.module.__name__.startswith(ADAPTERS)
        is_on_both = metafunc.definition.get_closest_marker("both_databases") is not None
        databases = DATABASES if is_on_both or not is_adapter else DATABASES[:1]
        metafunc.parametrize("migrated_app", databases, indirect=True, scope="session")


@pytest.fixture(scope="session")
def migrated_app(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
) -> Flask:
    """One application per database, shared; use `app`, which starts each test with empty tables."""
    app = make_app(new_database(request.param), sweep_seconds=0)
    # Each request sweeps; that each looks at the schema too would cost a twentieth of all tests.
    check = app.extensions["callboard.schema"] = SchemaCheck(float("inf"))
    with app.app_context():
        assert check.standing(db.session()) == "current"
    return app


@pytest.fixture
def app(migrated_app: Flask) -> Iterator[Flask]:
    """The application with empty tables, on the databases that `pytest_generate_tests` chooses."""
    yield migrated_app
    # The next board counts its events from 1 again, as none that is served does.
    migrated_app.extensions["callboard.regions"].clear()
    forget()
    with migrated_app.app_context():
        empty_all_tables()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """For tests of models, pipeline and queries. Never beside `client`: it would hide a missing
    commit."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def board(app: Flask) -> OpenSession:
    """`with board() as session:` prepares or looks at rows around a client's requests; commits."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with app.app_context():
            yield db.session()
            db.session.commit()

    return open_session


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("seed", "--project", "acme/web")`: a command, on each database; never in a context."""

    def invoke(*args: str | Path, stdin: bytes | None = None) -> Result:
        return app.test_cli_runner().invoke(callboard, [str(arg) for arg in args], input=stdin)

    return invoke


@pytest.fixture(scope="module")
def cheap_hashes() -> Iterator[None]:
    """Passwords are hashed by argon2id, but not as thoroughly as on a board: what it costs there,
    and that it costs the same for a name that nobody has, `tests/models/test_user.py` asks."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(user, "_hasher", hasher)
        patch.setattr(user, "_NOBODYS_HASH", hasher.hash("the password of nobody"))
        yield


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """`sign_in("lead")`: a browser without JavaScript, of someone in that role; `sign_in(None)`:
    of a stranger."""
    return partial(client_of, app)


@pytest.fixture
def client(sign_in: SignIn) -> FlaskClient:
    """A browser without JavaScript, of a lead named ann."""
    return sign_in("lead", "ann")


@pytest.fixture
def stranger(sign_in: SignIn) -> FlaskClient:
    """A browser without JavaScript, of someone who isn't signed in."""
    return sign_in(None)


def client_of(app: Flask, role: str | None, name: str = "") -> FlaskClient:
    """A browser without JavaScript: of someone in that role, or of a stranger."""
    app.test_client_class = OutsideClient
    client = app.test_client()
    if role:
        with client.session_transaction() as cookie:
            cookie.update(cookie_of(app, role, name or f"{role}-{next(_numbers)}"))
    return client


def cookie_of(app: Flask, role: str, name: str) -> dict[str, Any]:
    """What the cookie of someone who is signed in holds; they are made unless they are there."""
    with app.app_context():
        session = db.session()
        user = User.find(session, name) or User.create(
            session, name=name, role=role, actor=Actor.system()
        )
        place = {"method": "password", "address": "127.0.0.1", "user_agent": "a test"}
        secret = UserSession.begin(session, user, **place)
        session.commit()
    return {"_user_id": secret, "_fresh": True}


class OutsideClient(FlaskClient):
    """A client that refuses to share an application context, and so a session, with its test."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        assert not has_app_context(), "call the client outside of any application context"
        return super().open(*args, **kwargs)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser. Without it browser tests are skipped, loudly; in CI they fail."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must run the browser tests: install Debian's chromium-headless-shell")
        pytest.skip(
            "NO CHROMIUM: the browser tests are skipped; install Debian's chromium-headless-shell"
        )
    return Path(CHROMIUM)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property("figures", …)`), also when they pass."""
    figures = [
        value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if name == "figures" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(str(line))
