"""The outermost edge: every request has a number and a line in the log, even a broken one."""

import re

import pytest
from sqlalchemy import text

from app.db.base import db
from app.models import ApiToken
from app.observability import request_id
from app.web.http.request_log import SHOWN_PARTS
from tests.factories import ANN, make_project, make_ticket
from tests.log_lines import log_lines, requests_in, written

A_VIEW, ITS_PATH = "accounts.edit", "/account"
SECRET = "s3cr3t-Abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture(scope="module")
def behind_proxy(new_database, make_app):
    return make_app(new_database("sqlite"), proxy_hops=1, trusted_hosts=["board.example"])


def test_every_answer_bears_a_number_of_its_own(client):
    paths = ("/", "/nothing", "/healthz", "/static/css/tokens.css", "/api/v1/tickets", "/mcp")
    numbers = [client.get(path, buffered=True).headers["X-Request-ID"] for path in paths]

    assert len(set(numbers)) == len(paths)
    assert all(request_id.SANE.fullmatch(number) for number in numbers)


def test_a_trusted_proxy_s_number_is_taken_over(behind_proxy):
    assert number_of(behind_proxy, "0af7651916cd43dd8448eb211c80319c") == (
        "0af7651916cd43dd8448eb211c80319c"
    )


@pytest.mark.parametrize(
    "brought", ["", "short", "x" * 65, "with space", "a=b12345", "-dashed-start", 'quote"12345']
)
def test_a_number_that_is_not_sane_is_replaced(behind_proxy, brought):
    number = number_of(behind_proxy, brought)

    assert number != brought
    assert request_id.SANE.fullmatch(number)


def test_without_a_proxy_nobody_else_chooses_the_number(client):
    answer = client.get("/healthz", headers={"X-Request-ID": "chosen-by-a-stranger"})

    assert answer.headers["X-Request-ID"] != "chosen-by-a-stranger"


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("kind", ["page", "API", "MCP"])
def test_a_crash_shows_the_number_that_the_log_has_and_nothing_else(
    app, client, board, monkeypatch, kind, level
):
    def crash(*args, **values):
        raise RuntimeError(f"told to the log only {SECRET}")

    view, path = {
        "page": (A_VIEW, ITS_PATH),
        "API": ("api.openapi", "/api/v1/openapi.json"),
        "MCP": ("mcp.receive", "/mcp"),
    }[kind]
    monkeypatch.setitem(app.view_functions, view, crash)
    with log_lines(level) as lines:
        answer = client.post(path) if kind == "MCP" else client.get(path)
        answer.close()

    number = answer.headers["X-Request-ID"]
    assert answer.status_code == 500
    assert number in answer.text
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    crashed = [line for line in lines if "exception" in line]
    assert [line["request_id"] for line in crashed] == [number]
    assert SECRET in crashed[0]["exception"]


def test_when_even_the_error_page_fails_one_line_of_text_bears_the_number(app, client, monkeypatch):
    def crash(*args, **values):
        raise RuntimeError(SECRET)

    monkeypatch.setitem(app.view_functions, A_VIEW, crash)
    monkeypatch.setattr("app.web.http.errors.render_template", crash)
    with log_lines() as lines:
        answer = client.get(ITS_PATH, buffered=True)

    assert answer.status_code == 500
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Request-ID"] in answer.text
    assert SECRET not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert requests_in(lines)[-1]["status"] == 500


def test_a_request_is_one_line_that_says_who_asked_for_what_and_how_it_went(client, board):
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    with log_lines() as lines:
        answer = client.get(f"/tickets/{ticket_id}?said={SECRET}", buffered=True)

    (line,) = lines
    assert line["path"] == f"/tickets/{ticket_id}"
    assert (line["method"], line["status"], line["actor"]) == ("GET", 200, "ann")
    assert line["client"] == "127.0.0.1"
    assert line["bytes"] == len(answer.data)
    assert line["ms"] > 0
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_a_program_is_named_by_its_token_and_its_secret_by_nothing(app, client, board):
    with board() as session:
        make_project(session)
        _, secret = ApiToken.issue(session, name="scripts", scopes=["read"], actor=ANN)
    with log_lines("DEBUG") as lines:
        client.get("/api/v1/projects", headers={"Authorization": f"Bearer {secret}"}, buffered=True)

    assert requests_in(lines)[0]["actor"] == "token scripts"
    assert secret not in str(lines)


def test_the_actor_of_one_request_is_not_that_of_the_next(client, stranger):
    with log_lines() as lines:
        client.get("/account", buffered=True)
        stranger.get("/nothing", buffered=True)

    assert [line.get("actor") for line in requests_in(lines)] == ["ann", None]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/nothing/{SECRET}", "/nothing/…"),
        (f"/{SECRET}", "/…"),
        (f"/sign-in?next=/setup/{SECRET}", "/sign-in"),
        ("/wp-admin/x.php", "/wp-admin/x.php"),
        ("/a%0a2026 ERROR", "/a\n2026 ERROR"),
        ("/J%c3%b6rg/%ff", "/Jörg/\ufffd"),
        ("/" + "part/" * 500, "/" + ("part/" * 500)[:198] + "…"),
    ],
)
def test_an_address_is_told_without_what_may_be_secret(client, path, shown):
    with log_lines() as lines:
        client.get(path, buffered=True)

    assert requests_in(lines)[0]["path"] == shown
    assert SECRET not in str(lines)


def test_a_one_time_link_never_reaches_the_log(app, client):
    links = [rule.rule for rule in app.url_map.iter_rules() if "secret" in rule.arguments]
    with written("text", "DEBUG") as stream:
        for link in links:
            client.get(re.sub(r"<[^>]+>", SECRET, link), buffered=True)
            client.post(re.sub(r"<[^>]+>", SECRET, link), buffered=True)

    assert stream.getvalue().count("app.request") == 2 * len(links)
    assert SECRET not in stream.getvalue()


def test_every_part_of_an_address_is_known_as_public_or_as_a_secret(app):
    parts = {part for rule in app.url_map.iter_rules() for part in rule.arguments}

    assert parts - SHOWN_PARTS <= {"secret"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/css/tokens.css"])
def test_what_is_asked_for_all_day_is_told_at_the_debug_level_only(client, path):
    with log_lines() as lines:
        client.get(path, buffered=True)
    with log_lines("DEBUG") as more:
        client.get(path, buffered=True)

    assert lines == []
    assert requests_in(more)[0]["level"] == "debug"


def test_a_poll_that_finds_nothing_new_is_told_at_the_debug_level_only(client):
    region = client.get("/", headers={"HX-Request": "true"}).text
    version = re.search(r"[?&]v=([\w.-]+)", region)[1]
    with log_lines() as lines:
        answer = client.get(f"/?v={version}", headers={"HX-Request": "true"}, buffered=True)

    assert answer.status_code == 204
    assert lines == []


def test_a_health_check_that_fails_is_told(app, client):
    with app.app_context():
        head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
    try:
        with log_lines() as lines:
            assert client.get("/readyz", buffered=True).status_code == 503
    finally:
        with app.app_context():
            db.session.execute(text(f"UPDATE alembic_version SET version_num = '{head}'"))
            db.session.commit()

    assert requests_in(lines)[0]["status"] == 503


def test_a_request_for_a_foreign_host_is_refused_and_told(behind_proxy):
    with log_lines() as lines:
        for path in ("/", "/api/v1/projects", "/mcp", "/static/css/tokens.css", "/nothing"):
            answer = behind_proxy.test_client().get(
                path, base_url="http://evil.example", buffered=True
            )
            assert answer.status_code == 400
            assert "evil" not in answer.text

    assert [line["status"] for line in requests_in(lines)] == [400] * 5


def test_a_hidden_crash_of_the_database_names_no_values(app, client, monkeypatch):
    def crash(*args, **values):
        db.session.execute(text("SELECT :value FROM nowhere"), {"value": SECRET})

    monkeypatch.setitem(app.view_functions, A_VIEW, crash)
    with log_lines() as lines:
        assert client.get(ITS_PATH, buffered=True).status_code == 500

    assert "nowhere" in str(lines)
    assert SECRET not in str(lines)


def number_of(app, brought):
    answer = app.test_client().get(
        "/healthz", headers={"X-Request-ID": brought}, base_url="http://board.example"
    )
    return answer.headers["X-Request-ID"]
