"""What proxies say of a request counts for as many as the operator counts, and no further."""

import pytest
from flask import request, url_for

CLIENT, EDGE, FORGED = "198.51.100.7", "203.0.113.1", "192.0.2.66"


@pytest.fixture(scope="module", params=[0, 1, 2])
def hops(request):
    return request.param


@pytest.fixture(scope="module")
def told(new_database, make_app, hops):
    """What the application takes a request for."""
    app = make_app(new_database("sqlite"), proxy_hops=hops)
    app.view_functions["health.alive"] = lambda: {
        "client": request.remote_addr,
        "address": url_for("health.alive", _external=True),
        "host": request.host,
    }

    def ask(**headers):
        sent = {f"X-Forwarded-{name}": value for name, value in headers.items()}
        answer = app.test_client().get("/healthz", headers=sent)
        return answer.json | {"hsts": answer.headers.get("Strict-Transport-Security")}

    return ask


def test_the_client_is_the_one_that_the_outermost_proxy_of_ours_saw(told, hops):
    said = {
        0: f"{FORGED}, {CLIENT}",
        1: f"{FORGED}, {CLIENT}",
        2: f"{FORGED}, {CLIENT}, {EDGE}",
    }

    assert told(For=said[hops])["client"] == (CLIENT if hops else "127.0.0.1")


def test_too_short_a_list_of_addresses_is_not_believed(told, hops):
    if hops == 2:
        assert told(For=FORGED)["client"] == "127.0.0.1"
    assert told()["client"] == "127.0.0.1"


@pytest.mark.parametrize(
    "said", ["unknown", "evil\tname", "<script>", "1.2.3", "x" * 5_000, "::1::"]
)
def test_what_is_no_address_is_not_believed(told, said):
    assert told(For=f"{said}, {said}")["client"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("198.51.100.7:4711", CLIENT),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_a_port_behind_the_address_is_left_out(told, hops, said, client):
    found = told(For=f'"{said}", "{said}"')["client"]

    assert found == (client if hops else "127.0.0.1")


def test_scheme_host_port_and_prefix_are_those_of_the_browser_s_address(told, hops):
    found = told(Proto="https", Host="board.example", Port="8443", Prefix="/board/")

    if hops:
        assert found["address"] == "https://board.example:8443/board/healthz"
        assert found["hsts"] == "max-age=31536000"
    else:
        assert found["address"] == "http://localhost/healthz"
        assert found["hsts"] is None


def test_of_lists_the_outermost_proxy_of_ours_counts(told, hops):
    said = {"Proto": "http, https, http", "Host": "evil.example, board.example, inner"}
    found = told(
        **{name: text if hops == 2 else text.rpartition(",")[0] for name, text in said.items()}
    )

    assert found["address"] == (
        "https://board.example/healthz" if hops else "http://localhost/healthz"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"Proto": "javascript"},
        {"Host": "evil.example/path"},
        {"Host": "evil example"},
        {"Host": "user@evil.example"},
        {"Port": "80@evil.example"},
        {"Prefix": "//evil.example"},
        {"Prefix": "https://evil.example"},
        {"Prefix": "/a/../b?c"},
        {"Prefix": "/a/../b"},
        {"Prefix": "/../x"},
        {"Prefix": "/.."},
        {"Prefix": "/a/./b"},
        {"Prefix": "/a/."},
        {"Prefix": "/"},
        {"Prefix": "/<script>"},
    ],
    ids=str,
)
def test_what_is_no_part_of_an_address_is_not_believed(told, said):
    assert told(**said)["address"] == "http://localhost/healthz"


def test_a_prefix_may_have_dots_within_its_names(told, hops):
    found = told(Prefix="/v1..2/.board")["address"]

    assert found == f"http://localhost{'/v1..2/.board' if hops else ''}/healthz"


@pytest.fixture(scope="module")
def picky(new_database, make_app):
    """An application that answers for some hosts only."""
    names = ["board.example", ".boards.example"]
    return make_app(new_database("sqlite"), proxy_hops=1, trusted_hosts=names)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("board.example", 200),
        ("board.example:8000", 200),
        ("a.boards.example", 200),
        ("evil.example", 400),
        ("board.example.evil.example", 400),
        ("xboards.example", 400),
    ],
)
def test_only_trusted_hosts_are_served_also_through_a_proxy(picky, host, status):
    client = picky.test_client()

    assert client.get("/healthz", base_url=f"http://{host}").status_code == status
    through = client.get(
        "/healthz", base_url="http://board.example", headers={"X-Forwarded-Host": host}
    )
    assert through.status_code == status
