"""The search page and the palette, as they are asked over HTTP."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket, make_worker
from tests.pages import parsed


@pytest.fixture
def harbour(board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session, ticket_id="WEB-12", title="The <b>harbour</b>")
        ticket.say("Beyond the harbour", ANN)
        make_worker(session, worker_id="harbour-1")


@pytest.mark.usefixtures("harbour")
def test_everything_found_is_linked_with_its_words_marked(client: FlaskClient) -> None:
    page = parsed(client.get("/search?q=harbour").text)
    main = page.select_one("#main")
    assert main is not None
    titles = {each["href"]: each.get_text(strip=True) for each in main.select("a.title")}
    assert titles == {"/tickets/WEB-12": "The <b>harbour</b>", "/workers/harbour-1": "harbour-1"}
    assert {each.text for each in main.select("mark")} == {"harbour"}


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize("typed", ["WEB-12", "web-12", "%20web-12"])
def test_an_id_leads_to_its_ticket(client: FlaskClient, typed: str) -> None:
    assert client.get(f"/search?q={typed}").headers["Location"] == "/tickets/WEB-12"


@pytest.mark.usefixtures("harbour")
def test_in_quotes_it_is_looked_for(client: FlaskClient) -> None:
    assert "/tickets/WEB-12" in client.get("/search?q=%22WEB-12%22").text


def test_a_box_with_nothing_in_it_explains_itself(client: FlaskClient) -> None:
    assert "in any order" in client.get("/search").text


def test_nothing_found_says_what_to_try(client: FlaskClient) -> None:
    page = client.get("/search?q=nowhere").text
    assert "Nothing found" in page
    assert 'value="nowhere"' in page


def test_too_long_a_search_is_refused_and_kept(client: FlaskClient) -> None:
    answer = client.get(f"/search?q={'x' * 201}")
    assert answer.status_code == 400
    assert "at most 200 characters" in answer.text
    assert "x" * 201 in answer.text
    assert client.get(f"/search/palette?q={'x' * 201}").status_code == 200


@pytest.mark.usefixtures("harbour")
def test_the_palette_gets_lines_without_a_frame(client: FlaskClient) -> None:
    page = parsed(client.get("/search/palette?q=harbour").text)
    found = [each["href"] for each in page.select("li > a[role=option]")]
    assert found == ["/tickets/WEB-12", "/workers/harbour-1", "/search?q=harbour"]
    assert page.select("nav") == []


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(("typed", "is_found"), [("harb", True), ("ha", False), ('"harb"', False)])
def test_the_palette_finds_a_word_that_isn_t_typed_to_its_end(
    client: FlaskClient, typed: str, is_found: bool
) -> None:
    page = client.get("/search/palette", query_string={"q": typed}).text
    assert ("/tickets/WEB-12" in page) is is_found
    assert "/tickets/WEB-12" not in client.get("/search", query_string={"q": typed}).text
