"""A board with thousands of tickets, which all that look at plans have a copy of."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from app.db.base import db
from tests.databases import copy_database, folder_of_run
from tests.queries.filling import fill


@pytest.fixture(scope="session")
def filled_app(
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Flask]:
    """`filled_app("sqlite")`: a board on a database of its own. The first is filled once in a run;
    on PostgreSQL that takes seconds, and to copy it a moment."""

    def make(kind: str) -> Flask:
        url = new_database(kind)
        made = folder_of_run(tmp_path_factory) / f"filled-{kind}"
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                made.write_text(make_first(kind))
            copy(made.read_text(), url)
        return make_app(url)

    def make_first(kind: str) -> str:
        url = new_database(kind)
        with make_app(url).app_context():
            fill(db.session())
            db.session.commit()
            db.session.remove()
            db.engine.dispose()  # so that it can be copied
        return url

    return make


def copy(source: str, target: str) -> None:
    """Make a database as another is, which nobody uses."""
    if source.startswith("sqlite"):
        shutil.copyfile(*(url.removeprefix("sqlite:///") for url in (source, target)))
    else:
        copy_database(target, *(make_url(url).database or "" for url in (source, target)))
