"""Statistics through the API and MCP: what the page shows, as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from app.models import Project
from tests.api.conftest import Program, Program_
from tests.conftest import OpenSession
from tests.factories import make_ticket, make_worker, run_stage
from tests.mcp.conftest import Agent
from tests.queries.statistics.boards import NOW, Board

TABLES = {"throughput", "flow", "slowest", "stages", "rework", "waits"}


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


@pytest.fixture
def filled(board: OpenSession) -> Board:
    made = Board(7, 60)
    with board() as session:
        made.store(session)
    return made


@pytest.fixture
def reader(program: Program_) -> Program:
    return program("read")


@pytest.mark.both_databases
def test_it_tells_what_counting_finds_and_only_the_tables_that_are_asked_for(
    reader: Program, filled: Board
) -> None:
    found = reader.get("/statistics", weeks="26").json
    created = [
        t for t in filled.tickets if t["created_at"].date().isoformat() >= found["first_day"]
    ]
    assert found["created"] == len(created)
    assert found["created"] == sum(week["created"] for week in found["throughput"])
    assert len(found["throughput"]) == 26
    assert found["open"] == sum(t["state"] == "open" for t in filled.tickets)
    assert found["open"] == found["flow"][-1]["open"]
    assert found["completed"] == found["cycle_time"]["count"] == len(found["slowest"])
    assert found["slowest"][0]["cycle"] == found["cycle_time"]["longest"]
    assert {one["worker_type"] for one in found["stages"]} == {"build", "review", "approval"}
    assert {one["prompt_version"] for one in found["rework"]} == {1, 2}
    assert {one["kind"] for one in found["waits"]} == {"stage", "event"}

    assert found["as_of"] == "2026-04-15T12:00:00Z"

    few = reader.get("/statistics", weeks="26", figures="stages,waits").json
    assert {name for name in TABLES if few[name] is not None} == {"stages", "waits"}
    assert few["stages"] == found["stages"]
    assert few["completed"] == found["completed"]


@pytest.mark.both_databases
def test_a_query_narrows_it_to_the_tickets_that_it_finds(
    reader: Program, board: OpenSession, at_noon: Any
) -> None:
    with board() as session:
        for labels, title in ((["ui"], "Broken cart"), ([], "Broken search"), (["ui"], "Menu")):
            ticket = make_ticket(session, ["implementation"], labels=labels, title=title)
            run = run_stage(session, ticket, make_worker(session))
            at_noon.shift(timedelta(hours=1))
            run.complete("Done.")

    def completed(**asked: str) -> int:
        answer = reader.get("/statistics", **asked)
        assert answer.status_code == 200, answer.text
        stages = answer.json["stages"]
        assert sum(one["working"]["count"] for one in stages) == answer.json["completed"]
        return int(answer.json["completed"])

    assert completed() == 3
    assert completed(q="label:ui") == 2
    assert completed(q="label:ui broken") == 1
    assert completed(q="broken", project="acme/web") == 2
    assert completed(q="-label:ui", weeks="1") == 1
    assert completed(q="is:open") == 0
    assert completed(project="acme/none") == 0


@pytest.mark.both_databases
def test_days_begin_where_it_is_asked_for(reader: Program, board: OpenSession) -> None:
    with time_machine.travel("2026-04-13T23:30:00Z", tick=False), board() as session:
        make_ticket(session)

    def created(**asked: str) -> int:
        span = {"first_day": "2026-04-14", "last_day": "2026-04-14"}
        return int(reader.get("/statistics", **span, **asked).json["created"])

    assert created() == 0
    assert created(time_zone="Europe/Paris") == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"first_day": "2026-04-14", "last_day": "2026-04-13"}, "ends before it begins"),
        ({"first_day": "1990-01-01"}, "At most five years"),
        ({"first_day": "1700000000"}, "such as 2026-03-31"),
        ({"time_zone": "Europe/Nowhere"}, "There is no such time zone"),
        ({"weeks": "53"}, "weeks"),
        ({"figures": "throughput,nonsense"}, "figures"),
        ({"q": "label:"}, "label"),
    ],
)
def test_what_it_cant_tell_is_refused_with_the_reason(
    reader: Program, asked: dict[str, str], said: str
) -> None:
    answer = reader.get("/statistics", **asked)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.both_databases
def test_nobody_reads_figures_of_a_project_that_they_cant_see(
    app: Flask, program: Program_, board: OpenSession, filled: Board
) -> None:
    mine = sum(t["project_id"] == "acme/api" for t in filled.tickets)
    with board() as session:
        Project.lock(session, "acme/web").members_only = True

    def created(found: Any) -> int:
        return int(found["created"])

    reader = program("read")
    assert created(reader.get("/statistics", weeks="52").json) == mine
    assert created(reader.get("/statistics", weeks="52", project="acme/web").json) == 0
    bound = program("read", project="acme/api")
    assert created(bound.get("/statistics", weeks="52").json) == mine
    assert bound.get("/statistics", project="acme/web").status_code == 403
    crew = Agent(app.test_client(), reader.secret)
    assert created(crew.call("get_statistics", weeks=52)) == mine
    assert "weeks" in crew.refused("get_statistics", weeks="many")
