"""How the list of tickets looks: kept for each person, and its columns in views too."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, make_ticket
from tests.pages import parsed
from tests.statements import counting_queries
from tests.web.pages.test_saved_views import keep


def heads(client: FlaskClient, address: str = "/tickets?q=is:all") -> list[str]:
    """The columns of the list, from left to right."""
    page = parsed(client.get(address).text)
    return [head.text.strip() for head in page.select("thead th:not(.pick-cell)")]


def choose(client: FlaskClient, *columns: str, keep: str = "mine", **more: str) -> str:
    """Send the form; gives the address that it leads to."""
    sent = {"density": "compact", "size": "25", "columns": list(columns), "keep": keep, **more}
    answer = client.post("/tickets/-/display", data=sent)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_rows_page_and_columns_are_kept_for_a_person(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        for number in range(27):
            make_ticket(session, title=f"No {number}")
        make_ticket(session, title="Over").stop(ANN)
    usual = ["Ticket · Id", "Stage", "State", "Priority", "Updated · Created"]
    assert heads(client) == usual

    back = choose(client, "closed", "author", "assignee", "created", back="q=is:all+sort:title")

    assert back == "/tickets?q=is:all+sort:title"
    assert heads(client) == ["Ticket · Id", "Assignee", "Author", "Created", "Closed"]
    page = parsed(client.get(back).text)
    assert len(page.select("tbody tr")) == 25
    assert page.select("table.compact")
    (over,) = parsed(client.get("/tickets?q=is:closed").text).select("tbody tr")
    assert [cell["data-label"] for cell in over.select("td[data-label]")][1:] == [
        "Created",
        "Closed",
    ]
    assert "26 to 28 of 28" in client.get("/tickets?q=is:all&page=2").text
    checked = page.select('form[aria-label="Display"] [checked]')
    assert {str(box["value"]) for box in checked} == {
        "compact", "assignee", "author", "created", "closed",
    }  # fmt: skip
    assert heads(sign_in("viewer")) == usual, "it is one person's choice"
    choose(client)
    assert heads(client) == usual, "a list without columns is none"


def test_a_views_columns_are_shown_to_whoever_opens_it(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    view = keep(client, "Whose", "is:open", shared="y")
    viewer = sign_in("viewer")

    choose(client, "author", keep="view", view=str(view))

    address = f"/tickets?q=is:open&view={view}"
    assert heads(viewer, address) == ["Ticket · Id", "Author"]
    assert "has columns of its own" in viewer.get(address).text
    choose(viewer, keep="none")
    assert heads(viewer, address) == ["Ticket · Id", "Author"]
    sent = {"density": "compact", "size": "25", "columns": "state", "keep": "view", "view": view}
    assert viewer.post("/tickets/-/display", data=sent).status_code == 403
    for wrong in ({"view": "987654"}, {"size": "7"}, {"columns": "colour"}, {"density": ""}):
        assert client.post("/tickets/-/display", data={**sent, **wrong}).status_code >= 400


def test_every_column_costs_no_more_statements(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        for _ in range(3):
            make_ticket(session)
    client.get("/tickets?q=is:all")
    with counting_queries(client.application, kept_too=True) as usual:
        client.get("/tickets?q=is:all&page=2")
    choose(client, "project", "assignee", "author", "closed", "created", "updated")
    with counting_queries(client.application, kept_too=True) as wide:
        client.get("/tickets?q=is:all&page=2")
    assert len(wide) == len(usual)
