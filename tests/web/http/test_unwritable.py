"""A database that can be read, but not written: said by name at every interface, and reading goes
on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import event, text

from app import create_app
from app.actor import Actor
from app.db.base import db
from app.models import ApiToken
from app.settings.board import load_settings
from app.upkeep import writing
from app.upkeep.migrations import bind_migrations
from tests.boards import command, let_go
from tests.conftest import client_of
from tests.factories import make_project
from tests.processes import ROOT

PROJECT = {"repository_name": "acme/new", "path": "/src/" + "x" * 900}
AS_ORDINARY_USER = """
import ctypes
for power in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    ctypes.CDLL(None).prctl(24, power, 0, 0, 0)  # PR_CAPBSET_DROP
import os, sys
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Root, too, obeys the modes of files from then on; nothing but this is taken from it."""

REQUESTS = """
import json, sys
from app import create_app
from app.cli import callboard
from app.settings.board import load_settings

app = create_app(load_settings())
client = app.test_client()
headers = {"Authorization": "Bearer " + sys.argv[1]}
told = {}
for name, method, path, body in json.loads(sys.argv[2]):
    answer = client.open(path, method=method, headers=headers, json=body)
    told[name] = [answer.status_code, answer.json, answer.headers.get("Retry-After")]
doctor = app.test_cli_runner().invoke(callboard, ["doctor"])
told["doctor"] = [doctor.exit_code, doctor.stdout]
print("TOLD", json.dumps(told))
"""


def secret_for(session, *scopes):
    _, secret = ApiToken.issue(session, name="ci", scopes=scopes, actor=Actor.operator("root"))
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def full(make_app, new_database):
    """A lead's browser and a token's headers, of a board whose real SQLite refuses to make the
    file any larger."""
    app = make_app(new_database("sqlite"), sweep_seconds=0)
    client = client_of(app, "lead")
    with app.app_context():
        make_project(db.session())
        headers = secret_for(db.session(), "admin")
        db.session.commit()
        event.listen(db.engine, "connect", allow_no_growth)
    let_go(app)
    return client, headers


def allow_no_growth(connection, _record):
    connection.execute("PRAGMA max_page_count = 1")  # SQLite takes it for as many as there are


def fill_up(client, headers):
    """Write until nothing more fits: the answer that says so."""
    for number in range(200):
        body = {**PROJECT, "repository_name": f"acme/new-{number}"}
        answer = client.post("/api/v1/projects", json=body, headers=headers)
        if answer.status_code != 201:
            return answer
    raise AssertionError("it isn't full")


def test_a_full_disk_is_named_by_the_api_and_the_pages_and_noticed(full, monkeypatch):
    client, headers = full
    api = fill_up(client, headers)
    page = client.post("/projects/new", data={**PROJECT, "path": "/src/" + "y" * 900})

    assert api.status_code == 503
    assert api.json["type"] == "/api/docs#disk_full"
    assert "disk is full" in api.json["detail"]
    assert int(api.headers["Retry-After"]) > 2
    assert page.status_code == 503
    assert "disk is full" in page.text
    assert "send it again" not in page.text
    assert client.get("/projects").status_code == 200
    assert client.get("/api/v1/projects", headers=headers).status_code == 200

    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (503, "disk_full")
    monkeypatch.setattr(writing, "REMEMBERED_SECONDS", 0)
    assert client.get("/readyz").status_code == 200, "it is tried again, and a small change fits"


def test_a_full_disk_is_named_to_models(full):
    client, headers = full
    fill_up(client, headers)
    call = {"name": "create_project", "arguments": {**PROJECT, "repository_name": "acme/x"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}

    answer = client.post("/mcp", json=message, headers=headers)

    told = answer.json["result"]
    assert told["isError"]
    assert "disk is full" in told["content"][0]["text"]


@pytest.fixture
def read_only_server(new_database, make_app):
    """An application on a PostgreSQL database that became read-only, and a token's headers."""
    url = new_database("postgresql")
    app = make_app(url, sweep_seconds=0)
    client = client_of(app, "lead")
    with app.app_context():
        make_project(db.session())
        headers = secret_for(db.session(), "admin")
        db.session.execute(
            text("UPDATE user_sessions SET last_seen_at = now() - interval '1 hour'")
        )
        name = db.session.scalar(text("SELECT current_database()"))
        db.session.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        db.session.commit()
    let_go(app)
    return client, headers


def test_a_read_only_server_is_named_and_reading_goes_on(read_only_server):
    client, headers = read_only_server

    assert client.get("/projects").status_code == 200, "although the visit can't be noted"
    assert client.get("/api/v1/projects", headers=headers).status_code == 200
    api = client.post("/api/v1/projects", json=PROJECT, headers=headers)
    assert (api.status_code, api.json["type"]) == (503, "/api/docs#read_only")
    page = client.post("/projects/new", data=PROJECT)
    assert page.status_code == 503
    assert "read-only" in page.text
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (503, "read_only")
    assert "writing: The database can't be written" in command(client.application, "doctor").stdout


@pytest.fixture
def own(tmp_path):
    """A SQLite file in a folder of its own, and a token that was never used."""
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "board.db"
    app = create_app(load_settings(database_url=f"sqlite:///{file}", instance_path=tmp_path))
    bind_migrations(app)
    with app.app_context():
        upgrade()
        make_project(db.session())
        headers = secret_for(db.session(), "admin")
        db.session.commit()
    let_go(app)
    yield file, headers["Authorization"].removeprefix("Bearer ")
    folder.chmod(0o700)


def ordinary(file: Path, *arguments: str):
    """Run Python as somebody who obeys the modes of files."""
    environment = {
        **{name: value for name, value in os.environ.items() if "CALLBOARD" not in name},
        "CALLBOARD_DATABASE_URL": f"sqlite:///{file}",
        "CALLBOARD_INSTANCE_PATH": str(file.parent.parent),
    }
    return subprocess.run(
        [sys.executable, "-c", AS_ORDINARY_USER, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def told_to(file, secret):
    asked = [
        ("read", "GET", "/api/v1/projects", None),
        ("write", "POST", "/api/v1/projects", PROJECT),
        ("ready", "GET", "/readyz", None),
        ("alive", "GET", "/healthz", None),
    ]
    done = ordinary(file, "-c", REQUESTS, secret, json.dumps(asked))
    line = next((line for line in done.stdout.splitlines() if line.startswith("TOLD ")), None)
    assert line, done.stderr
    return json.loads(line.removeprefix("TOLD "))


def test_a_read_only_file_is_named_and_reading_goes_on(own):
    file, secret = own
    file.chmod(0o400)

    told = told_to(file, secret)

    assert told["read"][0] == 200, "although the use of the token can't be noted"
    status, problem, wait = told["write"]
    assert (status, problem["type"]) == (503, "/api/docs#read_only")
    assert "read-only" in problem["detail"]
    assert wait
    assert (told["ready"][0], told["ready"][1]["status"]) == (503, "read_only")
    assert told["alive"][0] == 200
    code, findings = told["doctor"]
    assert code == 1
    assert "writing: The database can't be written: it is read-only." in findings


def test_a_folder_that_cant_be_written_is_named(own):
    file, secret = own
    file.parent.chmod(0o500)

    told = told_to(file, secret)

    for name in ("read", "write"):
        status, problem, _ = told[name]
        assert (status, problem["type"]) == (503, "/api/docs#read_only"), problem
        assert "folder" in problem["detail"]
    assert told["ready"][0] == 503
    assert "read-only" in told["ready"][1]["detail"]
    code, findings = told["doctor"]
    assert code == 1
    assert "database" in findings


def test_the_modes_are_obeyed_here(own):
    """Otherwise the tests above would prove nothing."""
    file, _ = own
    file.chmod(0o400)

    assert ordinary(file, "-c", f"open({str(file)!r}, 'r+b')").returncode == 1
