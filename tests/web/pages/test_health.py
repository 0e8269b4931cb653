"""Liveness and readiness, as a proxy or an orchestrator asks for them."""

from pathlib import Path

import pytest
from sqlalchemy import text

from app import create_app
from app.actor import Actor
from app.db.base import db
from app.models import ApiToken, Project
from app.settings.board import load_settings
from app.upkeep.revisions import SchemaCheck
from tests.conftest import DATABASES
from tests.factories import make_project
from tests.processes import until
from tests.statements import counting_queries

UNREACHABLE = "postgresql://nobody@127.0.0.1:1/none"


def test_a_living_process_says_so(client):
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ok"}


@pytest.mark.both_databases
def test_a_migrated_database_is_ready_and_told(client, app):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["database"]["kind"] in app.config["SQLALCHEMY_DATABASE_URI"]
    assert answer.json["database"]["version"]
    assert answer.json["schema"]["revision"] == answer.json["schema"]["head"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_touches_no_cookie(client, path):
    with client.session_transaction() as session:
        session.permanent = True
        session["name"] = "Ann"

    assert "Set-Cookie" not in client.get(path).headers


@pytest.fixture(params=DATABASES)
def empty_client(request, new_database, tmp_path):
    """A client of an application whose database holds no table yet."""
    yield from _client(new_database(request.param), tmp_path)


def test_an_unmigrated_database_is_not_ready_and_the_answer_names_the_command(empty_client):
    answer = empty_client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["status"] == "unmigrated"
    assert "callboard db upgrade" in answer.json["detail"]
    assert answer.json["schema"]["revision"] is None


def test_the_process_lives_without_tables(empty_client):
    assert empty_client.get("/healthz").status_code == 200


def test_a_page_of_an_unmigrated_board_says_what_to_run(empty_client):
    answer = empty_client.get("/")

    assert answer.status_code == 503
    assert "callboard db upgrade" in answer.text


@pytest.fixture(params=["unreachable server", "file that can't be opened"])
def lost_client(request, tmp_path):
    """A client of an application whose database can't be reached at all."""
    folder = tmp_path / "folder"
    folder.mkdir()
    url = UNREACHABLE if "server" in request.param else f"sqlite:///{folder}"
    yield from _client(url, tmp_path)


def test_a_lost_database_is_not_ready(lost_client):
    answer = lost_client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "detail": "The database doesn't answer."}


def test_the_process_lives_without_a_database(lost_client):
    assert lost_client.get("/healthz").status_code == 200


def test_a_page_without_a_database_is_an_error_page_in_the_board_s_design(lost_client):
    answer = lost_client.get("/")

    assert answer.status_code == 503
    assert "<h1>" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("revision", "status", "advice"),
    [
        ("0001", "unmigrated", "Migrations are missing: run callboard db upgrade."),
        ("9999", "newer", "newer than this version of Callboard: upgrade the program."),
    ],
)
def test_another_version_s_schema_is_not_ready_and_the_answer_says_which(
    client, app, revision, status, advice
):
    with app.app_context():
        head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        set_revision(revision)
    try:
        answer = client.get("/readyz")
    finally:
        with app.app_context():
            set_revision(head)

    assert answer.status_code == 503
    assert answer.json["status"] == status
    assert answer.json["detail"].endswith(advice)
    assert answer.json["schema"] == {"revision": revision, "head": head}


def set_revision(revision):
    db.session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    db.session.commit()


NEWER = "newer than this version of Callboard: upgrade the program."


@pytest.fixture
def watchful(app, monkeypatch):
    """The application asks for its schema with each request."""
    monkeypatch.setitem(app.extensions, "callboard.schema", SchemaCheck(0))


@pytest.mark.both_databases
def test_every_request_but_health_is_refused_while_the_schema_is_another_version_s(
    client, app, board, watchful
):
    with board() as session:
        make_project(session)
        _, secret = ApiToken.issue(session, name="ci", scopes=["admin"], actor=Actor.operator("o"))
    headers = {"Authorization": f"Bearer {secret}"}
    new = {"repository_name": "acme/new", "path": "/src/new"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert client.get("/projects").status_code == 200
    with app.app_context():
        head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        set_revision("9999")
    try:
        api = client.post("/api/v1/projects", json=new, headers=headers)
        reading = client.get("/api/v1/projects", headers=headers)
        mcp = client.post("/mcp", json=call, headers=headers)
        page = client.get("/projects")
        form = client.post("/projects/new", data=new)
        alive = client.get("/healthz")
        with client.get("/static/css/base.css") as style:
            pass
    finally:
        with app.app_context():
            set_revision(head)

    assert [api.status_code, reading.status_code, mcp.status_code] == [503, 503, 503]
    assert api.json["type"] == "/api/docs#unavailable"
    assert NEWER in api.json["detail"]
    assert api.headers["Retry-After"]
    assert NEWER in mcp.json["error"]["message"]
    assert [page.status_code, form.status_code] == [503, 503]
    assert NEWER in page.text
    assert [alive.status_code, style.status_code] == [200, 200]
    with board() as session:
        assert session.get(Project, "acme/new") is None
    assert client.get("/projects").status_code == 200, "and it goes on when the schema is right"


def test_a_schema_that_was_right_is_looked_at_again_within_seconds(make_app, new_database):
    app = make_app(new_database("sqlite"), sweep_seconds=3_600)
    client = app.test_client()
    assert client.get("/sign-in").status_code == 303
    with app.app_context():
        set_revision("9999")

    until(lambda: client.get("/sign-in").status_code == 503)


def test_a_schema_that_is_right_isn_t_asked_for_by_each_request(make_app, new_database):
    app = make_app(new_database("sqlite"), sweep_seconds=3_600)
    client = app.test_client()
    with counting_queries(app, schema_too=True) as sent:
        for _ in range(20):
            client.get("/sign-in")
    asked = [statement for statement in sent if "FROM alembic_version" in statement]

    assert 1 <= len(asked) < 20


def test_a_refusal_of_another_schema_reads_no_table_of_the_board(client, app, watchful):
    with app.app_context():
        head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        set_revision("9999")
    try:
        with counting_queries(app) as sent:
            client.get("/projects")
    finally:
        with app.app_context():
            set_revision(head)

    assert not [statement for statement in sent if "user_sessions" in statement]


def test_a_page_of_a_board_that_is_newer_says_the_same(empty_client):
    with empty_client.application.app_context():
        db.session.execute(text("CREATE TABLE alembic_version (version_num text)"))
        db.session.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
        db.session.commit()

    answer = empty_client.get("/")

    assert answer.status_code == 503
    assert "newer than this version of Callboard" in answer.text


def _client(url: str, folder: Path):
    app = create_app(load_settings(database_url=url, instance_path=folder))
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()
