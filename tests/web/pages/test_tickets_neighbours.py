"""From one ticket of a list to the next, in the order of the list that one came from."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from flask.testing import FlaskClient

from app.models import Ticket
from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket
from tests.pages import between, parsed
from tests.statements import counting_queries


def rows(client: FlaskClient, query: str) -> list[str]:
    """Addresses of the tickets that a list shows."""
    page = client.get("/tickets", query_string={"q": query}).text
    return [str(link["href"]) for link in parsed(page, only="tbody").select("a.title")]


def beside(client: FlaskClient, address: str) -> tuple[str | None, str | None]:
    """The addresses before and after the ticket at this one."""
    way = parsed(between(client.get(address).text, 'class="neighbours"', "</nav>"))
    found = {str(link["rel"]): str(link["href"]) for link in way.select("a[rel]")}
    return found.get("prev"), found.get("next")


def ids(addresses: Iterable[str | None]) -> list[str | None]:
    return [re.split(r"[/?]", address)[2] if address else None for address in addresses]


QUERIES = (
    "",
    "is:all sort:priority,-updated",
    "label:bug sort:-title",
    "is:open,closed sort:state,id",
    "harbour -is:closed sort:-stage,created",
    "project:acme/web priority:<low",
    "is:all sort:stage",
    "is:all stage:review sort:-stage",
    "is:all priority:<low sort:priority",
    "-label:none is:all sort:created",
    "is:all sort:priority,-state,title",
    "-is:closed sort:stage,state",
)


@pytest.mark.both_databases
@pytest.mark.parametrize("many", [None, 2])
def test_the_way_leads_through_the_whole_list_and_back(
    client: FlaskClient, board: OpenSession, many: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`many`: how many tickets are taken for many, and are passed by in an order."""
    if many:
        monkeypatch.setattr("app.queries.tickets.near.COUNT_CAP", many)
        for module in ("near", "neighbours"):
            monkeypatch.setattr(f"app.queries.tickets.{module}.PASSED", many)
    with board() as session:
        for number in range(9):
            ticket = make_ticket(
                session,
                ["implementation", "review"] if number % 2 else ["review"],
                title=f"Harbour {number * 7 % 9}",
                priority=number % 4,
                labels=["bug"] if number % 3 else [],
            )
            if number == 4:
                ticket.hold(ANN)
            if number == 5:
                ticket.stop(ANN)

    for query in QUERIES:
        listed = rows(client, query)
        assert len(listed) > 4
        before, after = zip(*(beside(client, address) for address in listed), strict=True)
        assert [*after] == [*listed[1:], None], "each as the list itself leads to it"
        assert ids(before) == [None, *ids(listed[:-1])], query
        assert ids(beside(client, before[-1])) == ids([listed[-3], listed[-1]]), "and so does back"


def test_what_is_done_on_the_way_leaves_the_way_as_it_was(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        for _ in range(4):
            make_ticket(session)
    listed = rows(client, "")
    second, third = listed[1:3]
    with board() as session:
        Ticket.lock(session, ids(listed)[1]).stop(ANN)
        Ticket.lock(session, ids(listed)[3]).hold(ANN)

    assert ids(beside(client, second)[1:]) == ids([third]), "it is closed, and its place stays"
    plain = f"/tickets/{ids(listed)[1]}"
    again = client.get(plain, headers={"Referer": f"http://localhost{second}"})
    assert again.location == second, "what is done on the page leads back to it without its list"
    assert client.get(plain).status_code == 200
    assert "neighbours" not in client.get(plain).text
    elsewhere = {"Referer": f"http://other.example{second}"}
    assert client.get(plain, headers=elsewhere).status_code == 200


def test_a_place_that_means_nothing_is_where_the_ticket_stands_now(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        for _ in range(3):
            make_ticket(session)
    listed = ids(rows(client, "sort:created"))
    for place in ("", "nonsense", "WyItdXBkYXRlZCIsMV0"):
        asked = {"list": "sort:created", "at": place}
        page = parsed(client.get(f"/tickets/{listed[1]}", query_string=asked).text)
        links = [str(link["href"]) for link in page.select(".neighbours a[rel]")]
        assert ids(links) == [listed[0], listed[2]]
    wrong = client.get(f"/tickets/{listed[1]}?list=is:redy")
    assert wrong.status_code == 200
    assert "neighbours" not in wrong.text


def test_the_way_costs_as_many_statements_however_long_the_list_is(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, labels=["bug"]).ticket_id
        make_ticket(session, labels=["bug"])
    with counting_queries(client.application) as alone:
        client.get(f"/tickets/{ticket_id}")
    costs = {"": 3, "label:bug sort:-title": 4}
    for query, more in costs.items():
        with counting_queries(client.application) as beside:
            client.get(f"/tickets/{ticket_id}?list={query}")
        assert len(beside) <= len(alone) + more
