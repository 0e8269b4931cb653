"""What gunicorn's master loads for its workers: what a fork may share, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

POSTGRESQL = "postgresql://ann@localhost/board"
OF_POSTGRESQL = ("psycopg", "sqlalchemy.dialects.postgresql")
LOADED = """
import json, os, runpy, sys, threading
runpy.run_path("deploy/gunicorn.conf.py")
opened = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")[3:-1]]
print(json.dumps([list(sys.modules), threading.active_count(), opened]))
"""


def loaded(database_url):
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env={**os.environ, "CALLBOARD_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("database_url", ["", POSTGRESQL])
def test_the_master_holds_what_is_defined_and_nothing_that_is_open(database_url):
    modules, threads, opened = loaded(database_url)
    assert {"flask", "lark", "sqlalchemy.orm", "app.models", "app.web.pages.board"} <= set(modules)
    assert "app.wsgi" not in modules
    assert threads == 1, "a fork would not take the others along"
    assert [path for path in opened if not path.startswith("pipe:")] == []


def test_the_master_loads_what_its_database_needs_and_not_what_another_would():
    of_sqlite, of_postgresql = (
        {name for name in loaded(url)[0] if name.startswith(OF_POSTGRESQL)}
        for url in ("sqlite:///board.db", POSTGRESQL)
    )

    assert of_sqlite == set()
    assert {"psycopg", "sqlalchemy.dialects.postgresql.psycopg"} <= of_postgresql
