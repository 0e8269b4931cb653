"""A real proxy with the shipped configuration, before a real gunicorn: what a visitor gets."""

from __future__ import annotations

import json
import re
import socket
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from app.settings.board import Settings
from tests.clients import plain_client
from tests.deploy.board import HOST
from tests.deploy.conftest import NAME, PASSWORD
from tests.deploy.visitor import VISITOR_ADDRESS, links_of
from tests.processes import until

MOST_PAGES = 60
LIMIT = Settings.model_fields["max_body_bytes"].default


def test_the_board_answers_over_tls(visitor):
    answer = visitor.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_text_is_compressed(visitor):
    answer = visitor.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["openapi"].startswith("3.1")


def test_files_come_with_the_headers_of_files(visitor):
    page = visitor.get("/api/docs").text
    files = [value for _, value in links_of(page) if re.search(r"/static/|/bundles/", value)]

    assert {file.rpartition(".")[2][:2] for file in files} >= {"cs", "js"}
    for file in files:
        answer = visitor.get(urljoin(str(visitor.base_url), file))
        assert answer.status_code == 200, file
        assert "max-age=31536000" in answer.headers["Cache-Control"], file
        assert answer.headers["X-Content-Type-Options"] == "nosniff", file


def test_signing_in_leads_where_someone_wanted_to_go(visitor, proxy):
    asked = visitor.get("/tickets?state=open")
    form = urljoin(proxy.url, asked.headers["Location"])
    assert form.startswith(f"{proxy.url}/sign-in?")

    (wanted,) = parse_qs(urlsplit(form).query)["next"]
    answer = visitor.send_form("/sign-in", name=NAME, password=PASSWORD, next=wanted)

    assert answer.status_code == 303
    assert urljoin(form, answer.headers["Location"]) == f"{proxy.url}/tickets?state=open"


def test_the_cookie_is_for_this_board_only(visitor, proxy):
    answer = visitor.send_form("/sign-in", name=NAME, password=PASSWORD)

    cookies = [SimpleCookie(text) for text in answer.headers.get_list("Set-Cookie")]
    morsels = [morsel for cookie in cookies for morsel in cookie.values()]
    assert morsels
    for morsel in morsels:
        assert morsel["path"] == (proxy.prefix or "/")
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["samesite"] == "Lax"
        assert not morsel["domain"]


def test_a_form_is_taken_and_its_answer_stays_under_the_public_address(admin, proxy):
    answer = admin.send_form("/account", theme="dark", time_zone="UTC")

    assert answer.status_code == 303, answer.text
    assert urljoin(f"{proxy.url}/account", answer.headers["Location"]) == f"{proxy.url}/account"
    assert 'data-theme="dark"' in admin.get("/account").text


def test_every_address_on_a_page_stays_under_the_public_one(admin, proxy):
    public = urlsplit(proxy.url)
    waiting = [f"{proxy.url}/", f"{proxy.url}/api/docs"]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        seen.add(address)
        answer = admin.get(address)
        assert answer.status_code in (200, 302, 303), (address, answer.status_code)
        links = links_of(answer.text) if "text/html" in answer.headers["Content-Type"] else []
        if answer.is_redirect:
            links = [("href", answer.headers["Location"])]
        for attribute, value in links:
            target = urlsplit(urljoin(address, value))
            assert target[:2] == public[:2], f"{value} on {address}"
            assert f"{target.path}/".startswith(f"{proxy.prefix}/"), f"{value} on {address}"
            found = target._replace(fragment="").geturl()
            if attribute == "href" and found not in seen and found not in waiting:
                waiting.append(found)
    assert len(seen) > 10


def test_the_board_sees_who_comes_and_believes_no_claims(visitor, board):
    claims = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "81",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Proto": "http",
        "X-Request-ID": "chosen-by-the-client",
        "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
        "X-Real-IP": "203.0.113.9",
    }
    answer = visitor.get("/tickets", headers=claims)

    number = answer.headers["X-Request-ID"]
    (line,) = until(lambda: [line for line in board.log.splitlines() if number in line])
    assert json.loads(line)["client"] == VISITOR_ADDRESS
    assert number != claims["X-Request-ID"]
    assert "evil" not in answer.headers.get("Location", "") + answer.text


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Ssl"])
def test_a_header_that_gunicorn_might_obey_does_nothing(visitor, name):
    answer = visitor.get("/healthz", headers={name: "/evil"})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_redirect_stays_on_the_public_address(visitor, proxy):
    answer = visitor.get("/tickets?state=open")

    assert answer.status_code in (302, 303)
    target = urljoin(f"{proxy.url}/tickets", answer.headers["Location"])
    assert target.startswith(f"{proxy.url}/")
    assert visitor.get(target).status_code == 200


@pytest.mark.parametrize("proxy", ["nginx"], indirect=True)
def test_a_plain_request_is_sent_to_tls(proxy):
    answer = raw(proxy.http_port, f"GET /tickets?q=1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n")

    assert answer.startswith("HTTP/1.1 301 ")
    assert f"\r\nLocation: https://{HOST}/tickets?q=1\r\n" in answer


@pytest.mark.parametrize("proxy", ["nginx, prefix", "caddy, prefix"], indirect=True)
def test_the_prefix_without_its_slash_leads_there(visitor, proxy):
    answer = visitor.get(proxy.url)

    assert answer.status_code in (301, 302)
    assert urljoin(proxy.url, answer.headers["Location"]) == f"{proxy.url}/"


def test_a_location_of_the_api_can_be_asked(visitor, proxy, token):
    made = visitor.post(
        "/api/v1/projects",
        json={"repository_name": f"acme/{proxy.port}", "path": "/srv/web"},
        headers=token,
    )

    assert made.status_code == 201, made.text
    location = urljoin(f"{proxy.url}/api/v1/projects", made.headers["Location"])
    assert location.startswith(f"{proxy.url}/api/v1/")
    assert visitor.get(location, headers=token).status_code == 200


def test_a_body_as_large_as_allowed_reaches_the_board_and_a_larger_one_is_refused(visitor, token):
    def send(size):
        headers = {**token, "Content-Type": "application/json"}
        return visitor.post("/api/v1/projects", content=b" " * size, headers=headers)

    assert send(LIMIT).headers["Content-Type"] == "application/problem+json"
    assert send(LIMIT).status_code == 400
    assert send(LIMIT + 1).status_code == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_the_board_itself_refuses_a_larger_body(board, chunked):
    answer = board.post("/api/v1/projects", b" " * (LIMIT + 1), chunked=chunked)

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/metrics", "/%6detrics", "//metrics", "/x/../metrics", "/./metrics", "/metrics/"]
)
def test_figures_are_not_shown_outside(proxy, certificate, path):
    head = f"GET {proxy.prefix}{path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    answer = raw(proxy.port, head, certificate)

    assert answer.split()[1] in ("301", "308", "404")
    assert "callboard_" not in answer


def test_figures_are_for_the_machines_own_prometheus(proxy, metrics_token):
    with plain_client(f"http://127.0.0.1:{proxy.metrics_port}") as prometheus:
        assert "\ncallboard_" in prometheus.get("/metrics", headers=metrics_token).text
        assert prometheus.get("/metrics").status_code == 401
        assert prometheus.get("/tickets").status_code == 404


def test_a_host_that_is_not_ours_is_refused(proxy, certificate):
    path = f"{proxy.prefix}/healthz"
    answer = raw(
        proxy.port, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        certificate,
    )  # fmt: skip

    assert answer.split()[1] in ("400", "421") or "Content-Length: 0" in answer
    assert '"ok"' not in answer


def raw(port, text, certificate=None):
    """Send exactly this; the whole answer, as text."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        if certificate is None:
            plain.sendall(text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode())
            return _all_of(plain)
        with certificate.trusted.wrap_socket(plain, server_hostname=HOST) as stream:
            stream.sendall(text.encode())
            return _all_of(stream)


def _all_of(stream):
    parts = []
    while part := stream.recv(65_536):
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")
