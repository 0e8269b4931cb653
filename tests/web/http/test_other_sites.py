"""Pages of other sites change nothing, whatever they make a browser send."""

import pytest

from app.models import Project
from tests.factories import make_project

HERE = "http://localhost"


def archive(client, base_url=HERE, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/projects/acme/web/-/archive", headers=sent, base_url=base_url)


@pytest.fixture
def is_archived(board):
    with board() as session:
        make_project(session)

    def look():
        with board() as session:
            return session.get(Project, "acme/web").archived_at is not None

    return look


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": HERE},
        {"Sec_Fetch_Site": "nonsense"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://user@evil.example"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "file://localhost"},
        {"Origin": "http://[broken"},
        {"Origin": ""},
    ],
    ids=str,
)
def test_a_change_that_another_site_sends_is_refused_and_explained(client, is_archived, headers):
    answer = archive(client, **headers)

    assert answer.status_code == 403
    assert "page of another site" in answer.text
    assert not is_archived()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": HERE},
        {"Origin": "http://LOCALHOST:80"},
    ],
    ids=str,
)
def test_a_change_from_the_board_s_own_page_is_done(client, is_archived, headers):
    assert archive(client, **headers).status_code == 303
    assert is_archived()


def test_the_port_is_part_of_the_site(client, is_archived):
    here = "http://localhost:8000"

    assert archive(client, here, Origin="http://localhost:9000").status_code == 403
    assert archive(client, here, Origin="http://localhost").status_code == 403
    assert archive(client, here, Origin=here).status_code == 303


def test_behind_a_proxy_the_site_is_the_one_that_the_browser_asked_for(new_database, make_app):
    app = make_app(new_database("sqlite"), proxy_hops=1)

    def sign_in(origin):
        proxy = {"X-Forwarded-Host": "board.example", "X-Forwarded-Proto": "https"}
        return app.test_client().post("/sign-in", headers={**proxy, "Origin": origin}).status_code

    assert sign_in("https://board.example") != 403
    assert sign_in("http://localhost") == 403


def test_links_from_other_sites_may_be_followed(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://chat.example"}

    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/claims", "/mcp"])
def test_the_programs_doors_ask_for_their_token_instead(client, path):
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}, json={}).status_code == 401
