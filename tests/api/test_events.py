"""Events: a follower misses none, and none comes twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.db.base import db
from app.models import Event
from app.queries.events.feed import horizon
from tests.api.conftest import Program, Program_, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket

pytestmark = pytest.mark.both_databases


def event(reason: str, **values: object) -> Event:
    return Event(event_type="ticket_edited", reason=reason, actor="ann", **values)


def feed(program: Program, **query: object) -> dict:
    answer = program.get("/events", **query)
    assert answer.status_code == 200, answer.text
    return answer.json


def reasons(told: dict) -> list[str]:
    return [each["reason"] for each in told["items"]]


def test_a_follower_reads_on_where_it_stopped(program: Program_, board: OpenSession) -> None:
    reader = program("read")
    with board() as session:
        session.add_all([event(f"e{n}") for n in range(5)])
    first = feed(reader, limit=2)
    assert (reasons(first), first["has_more"]) == (["e0", "e1"], True)
    rest = feed(reader, after=first["next_after"])
    assert (reasons(rest), rest["has_more"]) == (["e2", "e3", "e4"], False)
    nothing = feed(reader, after=rest["next_after"])
    assert (nothing["items"], nothing["next_after"]) == ([], rest["next_after"])
    with board() as session:
        session.add(event("e5"))
    assert reasons(feed(reader, after=rest["next_after"])) == ["e5"]


def test_a_follower_may_begin_now(program: Program_, board: OpenSession) -> None:
    reader = program("read")
    assert feed(reader, after="latest")["next_after"] == 0
    with board() as session:
        session.add(event("old"))
    start = feed(reader, after="latest")
    assert start["items"] == []
    with board() as session:
        session.add(event("new"))
    assert reasons(feed(reader, after=start["next_after"])) == ["new"]


def test_a_filter_that_finds_nothing_still_moves_on(program: Program_, board: OpenSession) -> None:
    reader = program("read")
    with board() as session:
        session.add_all([event(f"e{n}") for n in range(5)])
    told = feed(reader, event_type="ticket_closed")
    assert told["items"] == []
    assert told["next_after"] == feed(reader)["items"][-1]["id"]


def test_events_are_filtered(program: Program_, board: OpenSession) -> None:
    reader = program("read")
    with board() as session:
        session.add(event("a", ticket_id="T-1", project_id="acme/web", processed=True))
        session.add(event("b", worker_id="w-1", project_id="acme/api", needs_attention=True))
    assert reasons(feed(reader, ticket_id="T-1")) == ["a"]
    assert reasons(feed(reader, worker_id="w-1")) == ["b"]
    assert reasons(feed(reader, project="acme/api")) == ["b"]
    assert reasons(feed(reader, processed="true")) == ["a"]
    assert reasons(feed(reader, processed="false")) == ["b"]
    assert reasons(feed(reader, needs_attention="true")) == ["b"]
    assert reasons(feed(reader, needs_attention="false")) == ["a", "b"]


def test_an_event_is_dealt_with_once(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session).wait_for_attention(ANN, "implementation", "Which colour?")
    waiting = feed(planner, needs_attention="true", processed="false")["items"]
    assert [each["reason"] for each in waiting] == ["Which colour?"]
    path = f"/events/{waiting[0]['id']}"
    done = planner.post(f"{path}/process", {"note": "Blue."}).json
    assert (done["processed"], done["processed_by"]) == (True, "token plan-1")
    again = planner.post(f"{path}/process", {"note": "Red."}).json
    assert again["resolution_summary"] == "Blue."
    assert planner.get(path).json == again
    problem(planner.get("/events/999"), 404, "not_found")
    problem(planner.post("/events/999/process"), 404, "not_found")


def test_events_of_other_projects_stay_hidden(program: Program_, board: OpenSession) -> None:
    with board() as session:
        make_project(session, "acme/api")
        make_ticket(session)
    other = program("plan", project="acme/api")
    assert feed(other)["items"] == []
    problem(other.get("/events/1"), 404, "not_found")
    problem(other.post("/events/1/process"), 404, "not_found")


@contextmanager
def transaction(app: Flask) -> Iterator[Session]:
    """A connection of its own, as another process has."""
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        yield session


@pytest.fixture
def on_postgresql(app: Flask) -> Flask:
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            pytest.skip("SQLite's writers come one after the other")
    return app


def test_an_event_waits_for_those_before_it_that_are_on_their_way(
    program: Program_, on_postgresql: Flask
) -> None:
    app, reader = on_postgresql, program("read")
    with transaction(app) as slow, transaction(app) as fast:
        slow.add(event("slow, numbered first"))
        slow.flush()
        fast.add(event("fast, visible first"))
        fast.commit()
        seen = feed(reader)
        assert seen["items"] == []
        slow.commit()
    assert reasons(feed(reader, after=seen["next_after"])) == [
        "slow, numbered first",
        "fast, visible first",
    ]


def test_an_event_that_is_never_committed_holds_up_nobody_for_ever(
    program: Program_, on_postgresql: Flask
) -> None:
    app, reader = on_postgresql, program("read")
    with transaction(app) as broken, transaction(app) as fine:
        broken.add(event("never"))
        broken.flush()
        fine.add(event("fine"))
        fine.commit()
        assert feed(reader)["items"] == []
        broken.rollback()
        assert reasons(feed(reader)) == ["fine"]


def test_a_transaction_that_records_nothing_holds_up_nobody(
    program: Program_, on_postgresql: Flask
) -> None:
    app, reader = on_postgresql, program("read")
    with transaction(app) as idle, transaction(app) as fine:
        idle.connection()
        fine.add(event("fine"))
        fine.commit()
        assert reasons(feed(reader)) == ["fine"]


def test_a_savepoint_that_is_undone_does_not_unmark_its_transaction(on_postgresql: Flask) -> None:
    app = on_postgresql
    with transaction(app) as slow, transaction(app) as fast, transaction(app) as reader:
        undone = slow.begin_nested()
        slow.add(event("undone"))
        slow.flush()
        undone.rollback()
        slow.add(event("kept"))
        slow.flush()
        fast.add(event("fast"))
        fast.commit()
        assert horizon(reader) < 2
        slow.commit()
        assert horizon(reader) == 3


def test_a_follower_misses_none_of_many_that_are_recorded_at_once(
    program: Program_, app: Flask
) -> None:
    reader, dice = program("read"), random.Random(3)
    writers, each = 6, 25
    pauses = [[dice.random() * 0.02 for _ in range(each)] for _ in range(writers)]

    def write(number: int) -> None:
        with transaction(app) as session:
            for turn in range(each):
                session.add(event(f"{number}-{turn}"))
                session.flush()
                time.sleep(pauses[number][turn])
                session.add(event(f"{number}-{turn}b"))
                session.commit()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    seen, after, is_over = [], 0, False
    while not is_over:
        are_done = not any(thread.is_alive() for thread in threads)
        told = feed(reader, after=after, limit=100)
        seen += reasons(told)
        assert told["next_after"] >= after
        after = told["next_after"]
        is_over = are_done and not told["has_more"]
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == writers * each * 2
