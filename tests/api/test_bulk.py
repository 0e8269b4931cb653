"""Many tickets at once: all of them, or none, and each wrong entry is named."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models import User
from tests.api.conftest import Program, fields, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket
from tests.statements import counting_queries

PLAN = ["implementation", "review"]


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def bulk(planner: Program, *tickets: dict, **also: object):
    body = {"project_id": "acme/web", "execution_plan": PLAN, "tickets": list(tickets), **also}
    return planner.post("/tickets/bulk", body)


def draft(key: str, **values: object) -> dict:
    return {"key": key, "title": f"The {key}", **values}


@pytest.mark.both_databases
def test_a_whole_plan_is_made_at_once(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="OLD")
    made = bulk(
        planner,
        draft("tests", parent="epic", blocked_by=["api", "OLD"], labels=["qa"], priority=1),
        draft("api", parent="epic", execution_plan=["implementation"]),
        draft("epic", blocked_by=["api", "tests"], execution_plan=["approval"]),
        draft("own", ticket_id="MINE", parent="OLD"),
    )
    assert made.status_code == 201, made.text
    ids = {each["key"]: each["ticket_id"] for each in made.json["tickets"]}
    assert list(ids) == ["tests", "api", "epic", "own"]
    assert ids["own"] == "MINE"
    tests = planner.get(f"/tickets/{ids['tests']}").json
    assert (tests["parent_id"], tests["open_blockers"]) == (ids["epic"], 2)
    assert (tests["labels"], tests["priority"], tests["execution_plan"]) == (["qa"], 1, PLAN)
    epic = planner.get(f"/tickets/{ids['epic']}/dependencies").json
    assert {t["ticket_id"] for t in epic["blocked_by"]} == {ids["api"], ids["tests"]}
    assert planner.get("/tickets/MINE").json["parent_id"] == "OLD"
    assert planner.get(f"/tickets/{ids['api']}").json["situation"] == "ready"


def test_those_who_look_after_them_are_named_for_each_or_for_all(
    planner: Program, board: OpenSession
) -> None:
    with board() as session:
        for name in ("ann", "bob"):
            User.create(session, name=name, role="member", actor=ANN)
    made = bulk(planner, draft("a"), draft("b", assignee="Bob"), assignee="ann").json["tickets"]
    shown = [planner.get(f"/tickets/{each['ticket_id']}").json for each in made]
    assert [each["assignee"] for each in shown] == ["ann", "bob"]
    refused = problem(bulk(planner, draft("a"), draft("b", assignee="eve")), 422, "invalid")
    assert fields(refused) == ["tickets[1].assignee"]


def test_ids_follow_the_order_of_the_request(planner: Program) -> None:
    made = bulk(planner, *(draft(f"k{number}") for number in range(5))).json["tickets"]
    assert [each["ticket_id"] for each in made] == [f"WEB-{n}" for n in range(1, 6)]


@pytest.mark.parametrize(
    ("tickets", "places"),
    [
        ([draft("a"), draft("a")], ["tickets[1].key"]),
        ([draft("a", blocked_by=["b"])], ["tickets[0].blocked_by[0]"]),
        ([draft("a", parent="b")], ["tickets[0].parent"]),
        ([draft("a", blocked_by=["a"])], ["tickets[0].blocked_by"]),
        ([draft("a", title="")], ["tickets[0].title"]),
        ([draft("a"), draft("b", execution_plan=["no"])], ["tickets[1].execution_plan"]),
        ([draft("a"), draft("b", colour="red")], ["tickets[1].colour"]),
        (
            [draft("a", title=" "), draft("b", description="x\x07"), draft("c", parent="a")],
            ["tickets[0].title", "tickets[1].description"],
        ),
        ([draft("a", ticket_id="X"), draft("b", ticket_id="X")], ["tickets[1].ticket_id"]),
        ([], ["tickets"]),
    ],
)
def test_every_wrong_entry_is_named_and_nothing_is_made(
    planner: Program, tickets: list[dict], places: list[str]
) -> None:
    told = problem(bulk(planner, *tickets), 422, "invalid")
    assert fields(told) == places
    assert planner.get("/tickets").json["items"] == []
    assert planner.get("/events").json["items"] == []


@pytest.mark.parametrize("field", ["blocked_by", "parent"])
def test_a_circle_is_told_with_its_path(planner: Program, field: str) -> None:
    def link(key: str) -> object:
        return [key] if field == "blocked_by" else key

    tickets = [draft(key, **{field: link(to)}) for key, to in ("ab", "bc", "ca")]
    told = problem(bulk(planner, *tickets), 422, "invalid")
    assert "circle" in told["errors"][0]["message"]
    assert told["errors"][0]["field"].endswith(f".{field}")


def test_a_draft_needs_a_plan_of_its_own_or_the_requests(planner: Program) -> None:
    body = {"project_id": "acme/web", "tickets": [draft("a")]}
    told = problem(planner.post("/tickets/bulk", body), 422, "invalid")
    assert fields(told) == ["tickets[0].execution_plan"]


def test_a_ticket_of_another_project_is_unknown(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_project(session, "acme/api")
        make_ticket(session, project="acme/api", ticket_id="API-X")
    told = problem(bulk(planner, draft("a", blocked_by=["API-X"])), 422, "invalid")
    assert fields(told) == ["tickets[0].blocked_by[0]"]


@pytest.mark.both_databases
def test_a_thousand_tickets_are_made_and_not_one_more(planner: Program) -> None:
    tickets = [
        draft(
            f"k{n}",
            blocked_by=[f"k{p}" for p in range(max(0, n - 3), n)],
            labels=["cart", f"day-{n % 30}"],
            **({"parent": f"k{n - 1}"} if n % 50 else {}),
        )
        for n in range(1_000)
    ]
    made = bulk(planner, *tickets)
    assert made.status_code == 201
    assert len(made.json["tickets"]) == 1_000
    told = problem(bulk(planner, *tickets, draft("more")), 422, "invalid")
    assert fields(told) == ["tickets"]


@pytest.mark.both_databases
def test_few_and_many_tickets_send_equally_many_statements(
    planner: Program, board: OpenSession, app: Flask
) -> None:
    """All of it happens under one write lock. Events say which of the tickets wait for what."""
    with board() as session:
        blockers = [make_ticket(session).ticket_id for _ in range(90)]

    def sent_for(count: int) -> int:
        drafts = [
            draft(
                f"k{number}",
                parent=f"k{number - 1}" if number else "WEB-1",
                blocked_by=[*blockers, *([f"k{number - 1}"] if number else [])],
                labels=["cart", "qa"],
                **({"ticket_id": f"OWN-{count}"} if number == 1 else {}),
            )
            for number in range(count)
        ]
        with counting_queries(app) as sent:
            assert bulk(planner, *drafts).status_code == 201
        return len(sent)

    sent_for(2)  # notes that the token is used
    assert sent_for(100) == sent_for(3) < 25
    last = planner.get("/tickets/OWN-100").json
    assert (last["open_blockers"], last["labels"]) == (91, ["cart", "qa"])
    told = planner.get("/events", ticket_id="OWN-100").json["items"]
    assert [event["event_type"] for event in told] == [
        "ticket_created",
        "ticket_dependency_changed",
    ]


@pytest.mark.both_databases
def test_numbers_that_callers_brought_along_are_left_out(
    planner: Program, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, ticket_id="WEB-2")
    made = bulk(planner, draft("a"), draft("b"), draft("c", ticket_id="WEB-3"), draft("d"))
    assert [t["ticket_id"] for t in made.json["tickets"]] == ["WEB-1", "WEB-4", "WEB-3", "WEB-5"]


@pytest.mark.both_databases
def test_all_that_the_board_refuses_is_named_at_once(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="OLD")
    told = problem(
        bulk(
            planner,
            draft("a", ticket_id="OLD"),
            draft("b", execution_plan=["no"]),
            draft("c", blocked_by=["OLD", "gone"]),
        ),
        422,
        "invalid",
    )
    places = ["tickets[0].ticket_id", "tickets[1].execution_plan", "tickets[2].blocked_by[1]"]
    assert fields(told) == places


def test_a_closed_ticket_blocks_none_of_the_new_ones(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="OLD").stop(ANN)
    bulk(planner, draft("a", blocked_by=["OLD"]))
    assert planner.get("/tickets/WEB-1").json["situation"] == "ready"
    assert planner.get("/tickets/WEB-1/dependencies").json["blocked_by"][0]["ticket_id"] == "OLD"
