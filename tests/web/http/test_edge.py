"""What stands around every request: headers, read-only reads, broken text, sweeps, error pages."""

import re
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from werkzeug.exceptions import default_exceptions

from app import clock
from app.db import engine
from app.db.base import db
from app.errors import Conflict
from app.models import ApiToken, Project, StageRun, Ticket, Worker
from tests.conftest import DATABASES, client_of
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage

BROKEN = "%ff%fe"
A_VIEW, ITS_PATH = "accounts.edit", "/account"
"""A page that some tests let do something else."""

EVERY_ERROR = (400, 403, 404, 405, 409, 413, 422, 500, 503)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing-here",
        "/healthz",
        "/metrics",
        "/static/css/tokens.css",
        "/static/none.css",
        "/tickets?q=%ff",
        "/api/docs",
        "/api/v1/projects",
        "/api/v1/nothing",
        "/mcp",
    ],
)
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path, buffered=True).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_only_over_tls_the_browser_is_told_to_come_that_way(client):
    secure = client.get("/healthz", base_url="https://localhost").headers

    assert secure["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


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
    assert "Secure" not in cookie


def test_behind_tls_every_cookie_says_so_and_is_for_the_board_s_own_path(new_database, make_app):
    app = make_app(new_database("sqlite"), proxy_hops=1, secure_cookies=True)
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/board"}
    answer = client_of(app, "lead").post("/account", data={"theme": "dark"}, headers=proxy)

    for cookie in answer.headers.getlist("Set-Cookie"):
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/board"} <= set(cookie.split("; "))
    assert answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("path", ["/?q=" + BROKEN, "/tickets?q=" + BROKEN])
def test_an_address_that_is_not_utf8_is_refused(client, path):
    answer = client.get(path)

    assert answer.status_code == 400
    assert "UTF-8" in answer.text


@pytest.mark.parametrize("kind", ["multipart/form-data", "Multipart/Form-Data", "multipart/mixed"])
def test_a_form_in_parts_is_refused_before_it_is_taken_apart(client, kind):
    # Werkzeug looks at each character of a part's header: this one took two seconds.
    part = b'--b\r\nContent-Disposition: form-data; name="repository_name"; x="%s"\r\n\r\na/b\r\n'
    started = time.thread_time()
    answer = client.post(
        "/projects/new",
        data=part % (b"x" * 1_800_000) + b"--b--\r\n",
        content_type=f"{kind}; boundary=b",
    )

    assert answer.status_code == 415
    assert "application/x-www-form-urlencoded" in answer.text
    assert time.thread_time() - started < 1


def test_percent_signs_of_a_form_are_just_text(client):
    fields = {"repository_name": "acme/web", "path": "100%ff J\u00f6rg"}

    assert client.post("/projects/new", data=fields).status_code == 303
    assert "100%ff J\u00f6rg" in client.get("/projects/acme/web/-/settings").text


def test_a_form_that_is_not_utf8_is_refused_and_nothing_is_kept(client):
    answer = client.post(
        "/account",
        data=b"theme=dark&display_name=A" + BROKEN.encode(),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 400
    assert 'data-theme="system"' in client.get("/account").text


@pytest.mark.parametrize("kind", DATABASES)
def test_a_read_can_not_write(kind, new_database, make_app, monkeypatch):
    def write_in_a_read():
        make_project(db.session())
        db.session.commit()
        return "written"

    app = make_app(new_database(kind), sweep_seconds=3600)
    monkeypatch.setitem(app.view_functions, A_VIEW, write_in_a_read)

    assert client_of(app, "lead").get(ITS_PATH).status_code == 500
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
    client = client_of(app, "lead")
    with hold_write_lock(path):
        answer = client.post("/workers/w-1/stop")

    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    with app.app_context():
        assert db.session.get(Worker, "w-1").stop_requested_at is None


def test_the_same_on_postgresql(new_database, make_app, monkeypatch):
    monkeypatch.setattr(engine, "POSTGRESQL_OPTIONS", "-c timezone=UTC -c lock_timeout=200ms")
    app = make_app(new_database("postgresql"), sweep_seconds=3600)
    client = client_of(app, "lead")
    with app.app_context():
        make_worker_and_project(db.session())
        db.session.execute(text("SELECT 1 FROM workers FOR UPDATE"))
        answers = []
        writer = threading.Thread(target=lambda: answers.append(client.post("/workers/w-1/stop")))
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


@pytest.mark.parametrize(
    ("before", "link"),
    [
        ("http://localhost/tickets/A?list=a%26b&x=%22#end", "/tickets/A?list=a%26b&amp;x=%22"),
        ("http://elsewhere.example/tickets/WEB-1", ""),
        ("http://localhost" + ITS_PATH, ""),
        ("http://localhost//elsewhere.example/", ""),
        (None, ""),
    ],
)
def test_a_refusal_leads_back_to_the_page_that_it_came_from(app, client, monkeypatch, before, link):
    def refuse():
        raise Conflict("WEB-1 is closed.")

    monkeypatch.setitem(app.view_functions, A_VIEW, refuse)
    answer = client.get(ITS_PATH, headers={"Referer": before} if before else {})

    assert answer.status_code == 409
    found = re.findall(r'<a class="btn main" href="([^"]*)">([^<]*)', answer.text)
    assert found == [(link, "Back to the page") if link else ("/", "Dashboard")]


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
    assert "at most 2,000,000 bytes" in answer.text
    assert "shorten the text" in answer.text


def test_a_form_of_very_many_fields_is_refused_before_it_is_taken_apart(stranger):
    body, content_type = b"a=1&" * 2_001, "application/x-www-form-urlencoded"
    answer = stranger.post("/sign-in", data=body, content_type=content_type)

    assert answer.status_code == 413
    assert "shorten" in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "a" * 10_000}, 400),
        ({"Host": "a..b"}, 400),
        ({"Cookie": "callboard=" + "x" * 100_000}, 200),
        ({"Cookie": "; ".join(f"c{n}=1" for n in range(5_000))}, 200),
        ({"Accept-Language": ",".join(f"l{n};q=0.1" for n in range(5_000))}, 200),
        ({"Range": ",".join(f"bytes={n}-" for n in range(5_000))}, 200),
        ({"Authorization": "Bearer \xff" + "x" * 100_000}, 200),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_monstrous_header_breaks_nothing(stranger, headers, status):
    answer = stranger.get("/sign-in", headers=headers, follow_redirects=True)

    assert answer.status_code == status


def test_a_monstrous_address_breaks_nothing(client):
    assert client.get("/tickets?" + "q=a&" * 100_000).status_code == 200
    assert client.get("/" + "a" * 100_000).status_code == 404
    assert client.get("/tickets/" + "%2e%2e%2f" * 1_000).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/workers", "/mcp"])
def test_json_that_is_nested_very_deeply_is_refused(client, board, path):
    with board() as session:
        _, secret = ApiToken.issue(session, name="deep", scopes=["work"], actor=ANN)
    answer = client.post(
        path,
        data=b"[" * 900_000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )

    assert answer.status_code == 400
    assert "nested too deeply" in answer.text


def test_a_form_without_its_token_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/account", data={"theme": "dark"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False

    assert answer.status_code == 400
    assert 'data-theme="system"' in client.get("/account").text


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
