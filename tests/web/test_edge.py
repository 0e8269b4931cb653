"""What stands around every request: headers, read-only reads, broken text, sweeps, error pages."""

import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from werkzeug.exceptions import default_exceptions

from app import clock, engine
from app.extensions import db
from app.models import Project, StageRun, Ticket, Worker
from tests.factories import make_project, make_ticket, make_worker, run_stage

BROKEN = "%ff%fe"
A_VIEW, ITS_PATH = "accounts.edit", "/account"
"""A page that some tests let do something else."""

EVERY_ERROR = (400, 403, 404, 405, 409, 413, 422, 500, 503)


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/healthz", "/static/css/tokens.css"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path, buffered=True).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_pages_are_kept_by_no_cache_and_hashed_files_for_a_year(client):
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert (
        client.get("/static/css/tokens.css", buffered=True).headers["Cache-Control"] == "no-cache"
    )
    hashed = client.get("/static/css/tokens.css?v=0123456789", buffered=True)
    assert "max-age=31536000" in hashed.headers["Cache-Control"]


def test_a_cookie_is_closed_to_scripts_and_other_sites(client):
    cookie = client.post("/account", data={"name": "Ann", "theme": "dark"}).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("path", ["/?q=" + BROKEN, "/tickets?q=" + BROKEN])
def test_an_address_that_is_not_utf8_is_refused(client, path):
    answer = client.get(path)

    assert answer.status_code == 400
    assert "UTF-8" in answer.text


def test_a_form_in_parts_that_is_not_utf8_is_refused_and_percent_signs_are_just_text(client):
    def send(name):
        part = b'Content-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        body = b"".join(
            b"--b\r\n" + part % field for field in ((b"name", name), (b"theme", b"dark"))
        )
        kind = "multipart/form-data; boundary=b"
        return client.post("/account", data=body + b"--b--\r\n", content_type=kind)

    assert send(b"J\xf6rg").status_code == 400
    assert send(b"100%ff J\xc3\xb6rg").status_code == 303
    assert "100%ff Jörg" in client.get("/account").text


def test_a_form_that_is_not_utf8_is_refused_and_nothing_is_kept(client):
    answer = client.post(
        "/account",
        data=b"name=A" + BROKEN.encode(),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_a_read_can_not_write_on_sqlite(new_database, make_app, monkeypatch):
    def write_in_a_read():
        make_project(db.session())
        db.session.commit()
        return "written"

    app = make_app(new_database("sqlite"), sweep_seconds=3600)
    monkeypatch.setitem(app.view_functions, A_VIEW, write_in_a_read)

    assert app.test_client().get(ITS_PATH).status_code == 500
    with app.app_context():
        assert db.session.get(Project, "acme/web") is None


def test_a_read_waits_for_no_writer(app, client, board):
    with board() as session:
        make_project(session)
    with app.app_context():
        db.session.execute(text("UPDATE projects SET path = 'elsewhere'"))  # not committed
        holder = db.session.connection()
        answers = []
        reader = threading.Thread(target=lambda: answers.append(client.get("/").status_code))
        reader.start()
        reader.join(5)
        holder.rollback()

    assert answers == [200]


def test_a_passing_request_ends_overdue_leases(client, board):
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket, make_worker(session, worker_id="w-late"))
        _let_its_lease_pass(session)

    assert client.get("/").status_code == 200

    with board() as session:
        assert session.scalars(select(StageRun.outcome)).all() == ["expired"]
        assert session.scalars(select(Ticket.claimed_by)).all() == [None]
        assert session.get(Worker, "w-late").status == "failed"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/css/tokens.css"])
def test_a_health_check_or_a_file_sweeps_nothing(client, board, path):
    with board() as session:
        run_stage(session, make_ticket(session))
        _let_its_lease_pass(session)

    client.get(path, buffered=True)

    with board() as session:
        assert session.scalars(select(StageRun.outcome)).all() == [None]


def test_a_change_that_waits_too_long_for_the_lock_says_so_and_changes_nothing(
    new_database, make_app, monkeypatch
):
    monkeypatch.setattr(engine, "WRITE_LOCK_SECONDS", 0.2)
    app = make_app(new_database("sqlite"), sweep_seconds=3600)
    with app.app_context():
        make_worker_and_project(db.session())
        path = db.engine.url.database
    with hold_write_lock(path):
        answer = app.test_client().post("/workers/w-1/stop")

    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    with app.app_context():
        assert db.session.get(Worker, "w-1").stop_requested_at is None


def test_the_same_on_postgresql(new_database, make_app, monkeypatch):
    monkeypatch.setattr(engine, "POSTGRESQL_OPTIONS", "-c timezone=UTC -c lock_timeout=200ms")
    app = make_app(new_database("postgresql"), sweep_seconds=3600)
    with app.app_context():
        make_worker_and_project(db.session())
        db.session.execute(text("SELECT 1 FROM workers FOR UPDATE"))
        answers = []
        writer = threading.Thread(
            target=lambda: answers.append(app.test_client().post("/workers/w-1/stop"))
        )
        writer.start()
        writer.join(10)

    assert [answer.status_code for answer in answers] == [503]
    assert "Nothing was changed" in answers[0].text


@pytest.mark.parametrize("status", EVERY_ERROR)
def test_every_error_is_a_page_of_the_board(app, client, monkeypatch, status):
    def fail():
        if status == 500:
            raise RuntimeError("a secret of the code")
        raise default_exceptions[status]("What was wrong.")

    monkeypatch.setitem(app.view_functions, A_VIEW, fail)
    answer = client.get(ITS_PATH)

    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert f'<p class="status" aria-hidden="true">{status}</p>' in answer.text
    assert 'aria-label="Main"' in answer.text
    assert "Traceback" not in answer.text
    assert "a secret of the code" not in answer.text


def test_a_crash_names_the_request_that_the_log_tells_of(app, client, monkeypatch, caplog):
    monkeypatch.setitem(app.view_functions, A_VIEW, lambda: 1 / 0)
    answer = client.get(ITS_PATH)

    (record,) = [record for record in caplog.records if "crashed" in record.getMessage()]
    request_id = record.getMessage().split()[1]
    assert request_id in answer.text
    assert record.exc_info


def test_an_unknown_address_is_not_found(client):
    answer = client.get("/nothing-here")

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_a_wrong_method_is_told_and_the_right_ones_named(client):
    answer = client.delete("/workers")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "buttons of the page" in answer.text


def test_ten_megabytes_are_refused_before_they_are_read(client):
    answer = client.post("/account", data={"name": "x" * 10_000_000})

    assert answer.status_code == 413
    assert "shorten the text" in answer.text


def test_a_form_without_its_token_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/account", data={"name": "Eve"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_what_was_typed_into_an_address_is_shown_as_text(client):
    answer = client.get("/workers/<script>alert(1)</script>")

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


@contextmanager
def hold_write_lock(path):
    """Another process that writes to a SQLite file, and takes its time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def make_worker_and_project(session):
    make_project(session)
    make_worker(session, worker_id="w-1")
    session.commit()


def _let_its_lease_pass(session):
    past = clock.now() - timedelta(minutes=1)
    session.execute(update(StageRun).values(lease_expires_at=past))
    session.execute(update(Worker).values(expected_by=past))
