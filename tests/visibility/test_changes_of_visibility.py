"""People and programs gain and lose visibility of a project: from their next request on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.models import Event, Project, StageRun, User
from tests.api.conftest import Program
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, claim, make_project, make_ticket, make_worker
from tests.visibility.rows import HIDDEN, MARK, OPEN, Rows, furnish_hidden

Program_ = Callable[..., Program]
ASKS = {"HX-Request": "true"}


def test_whoever_is_removed_sees_the_project_no_more_not_even_while_a_page_polls(
    board: OpenSession, sign_in: SignIn, let_in: Callable[[str, str], None]
) -> None:
    with board() as session:
        hidden = furnish_hidden(session).parts
    client = sign_in("member", "mia")
    let_in("mia", HIDDEN)
    pages = (f"/projects/{HIDDEN}", f"/tickets/{hidden['ticket_id']}", f"/workers/{MARK}-w1", "/")
    for page in pages:
        answer = client.get(page)
        assert (answer.status_code, MARK in answer.text) == (200, True)
    assert client.get(f"/projects/{HIDDEN}", headers=ASKS).status_code == 200
    with board() as session:
        Project.lock(session, HIDDEN).remove_member(User.named(session, "mia"), ANN)
    for page in pages[:3]:
        assert client.get(page).status_code == 404
        assert client.get(page, headers=ASKS).status_code == 404
    assert MARK not in client.get("/", headers=ASKS).text
    said = {"content": "I am still here.", "submission_id": "x"}
    assert client.post(f"/tickets/{hidden['ticket_id']}/comments", data=said).status_code == 404


def test_an_admin_who_becomes_a_lead_sees_only_what_leads_see(
    board: OpenSession, sign_in: SignIn
) -> None:
    with board() as session:
        furnish_hidden(session)
    client, _ = sign_in("admin", "ada"), sign_in("admin", "ben")
    assert client.get(f"/projects/{HIDDEN}").status_code == 200
    with board() as session:
        User.named(session, "ada").change_role("lead", ANN)
    assert client.get(f"/projects/{HIDDEN}").status_code == 404


def test_a_project_that_is_opened_is_there_for_everyone_and_its_members_are_kept(
    board: OpenSession, sign_in: SignIn, program: Program_, let_in: Callable[[str, str], None]
) -> None:
    with board() as session:
        furnish_hidden(session)
    client, caller = sign_in("viewer", "vic"), program("read")
    sign_in("viewer", "mia")
    let_in("mia", HIDDEN)
    with board() as session:
        Project.lock(session, HIDDEN).open_to_all(ANN)
    assert client.get(f"/projects/{HIDDEN}").status_code == 200
    assert caller.get(f"/projects/{HIDDEN}").json["members_only"] is False
    with board() as session:
        Project.lock(session, HIDDEN).limit_to_members(ANN)
    assert client.get(f"/projects/{HIDDEN}").status_code == 404
    assert caller.get(f"/projects/{HIDDEN}").status_code == 404
    assert sign_in("viewer", "mia").get(f"/projects/{HIDDEN}").status_code == 200


def test_a_worker_that_worked_elsewhere_before_shows_nothing_of_that(
    board: OpenSession, sign_in: SignIn, program: Program_, rows: Rows
) -> None:
    with board() as session:
        furnish_hidden(session)
        moved = make_worker(session, "review", HIDDEN, "w-moved", hostname=f"{MARK}-host")
        make_ticket(session, ["review"], HIDDEN, title=f"A {MARK}", priority=0)
        StageRun.lock(session, claim(session, moved).run_id).ask_attention(f"Why {MARK}?")
        pipeline.finish_worker(session, "w-moved", f"no more {MARK}")
        make_worker(session, "review", OPEN, "w-moved", hostname="elsewhere")
    client, caller = sign_in("lead"), program("read")
    page = client.get("/workers/w-moved")
    assert (page.status_code, MARK in page.text) == (200, False)
    for path in ("/events?worker_id=w-moved", "/runs?worker_id=w-moved", "/workers/w-moved"):
        answer = caller.get(path)
        assert (answer.status_code, MARK in answer.text) == (200, False), path


@pytest.mark.both_databases
def test_a_worker_that_went_to_a_hidden_project_leaves_its_name_and_no_more(
    board: OpenSession, sign_in: SignIn, rows: Rows
) -> None:
    with board() as session:
        furnish_hidden(session)
        moved = make_worker(session, "review", OPEN, "w-left", hostname="here")
        moved.fail(ANN, "it went away")
        session.flush()
        make_worker(session, "review", HIDDEN, "w-left", hostname=f"{MARK}-host")
    client = sign_in("lead")
    for page in ("/", "/events?show=all&processed=any"):
        text = client.get(page).text
        assert "w-left" in text
        assert MARK not in text
    assert "/workers/w-left" not in client.get("/events?show=all&processed=any").text
    assert client.get("/workers/w-left").status_code == 404


@pytest.mark.both_databases
def test_events_of_hidden_projects_are_not_processed_by_their_numbers(
    board: OpenSession, sign_in: SignIn, rows: Rows
) -> None:
    with board() as session:
        furnish_hidden(session)
        created = Event.event_type == "ticket_created", ~Event.processed
        of = select(func.min(Event.id)).where(*created)
        seen = session.scalar(of.where(Event.project_id != HIDDEN))
        hidden = session.scalar(of.where(Event.project_id == HIDDEN))
    picked = {"event": [str(hidden), str(seen)], "note": "seen"}
    assert sign_in("member").post("/events", data=picked).status_code == 303
    with board() as session:
        events = select(Event.processed).where(Event.id.in_((seen, hidden)))
        assert session.scalars(events.order_by(Event.project_id == HIDDEN)).all() == [True, False]


@pytest.mark.both_databases
def test_a_feed_misses_nothing_when_hidden_events_stand_between(
    board: OpenSession, program: Program_
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, HIDDEN, gates=(), path="/x").limit_to_members(ANN)
    caller = program("read")
    assert read_feed(caller, after="latest") == ([], 0)
    for number in range(12):
        with board() as session:
            make_ticket(session, project=HIDDEN if number % 3 else OPEN, title=f"Ticket {number}")
    with board() as session:
        made = select(Event.id).where(Event.project_id == OPEN).order_by(Event.id)
        mine = list(session.scalars(made))
    found, after = [], 0
    for _ in range(6):
        items, after = read_feed(caller, after=after, limit=1)
        found += items
    assert found == mine
    assert after == mine[-1]
    assert read_feed(caller, after="latest") == ([], mine[-1])


def read_feed(caller: Program, **query: Any) -> tuple[list[int], int]:
    """The numbers of some events, and where to go on."""
    told = caller.get("/events", **query).json
    return [each["id"] for each in told["items"]], told["next_after"]


@pytest.mark.both_databases
def test_ids_that_hidden_rows_have_are_only_said_to_be_taken(
    board: OpenSession, sign_in: SignIn, program: Program_, rows: Rows
) -> None:
    with board() as session:
        hidden = furnish_hidden(session).parts
    caller, client = program("plan", "work"), sign_in("lead")
    ticket = {"project_id": OPEN, "title": "x", "execution_plan": ["review"]}
    taken = caller.post("/tickets", {**ticket, "ticket_id": hidden["ticket_id"]})
    assert taken.json["detail"] == f"The id {hidden['ticket_id']} is taken; choose another."
    worker = {"project_id": OPEN, "worker_type": "review", "worker_id": hidden["worker_id"]}
    taken = caller.post("/workers", worker)
    assert taken.json["detail"] == f"The id {hidden['worker_id']} is taken; choose another."
    taken = caller.post("/projects", {"repository_name": HIDDEN, "path": "/elsewhere"})
    assert taken.json["detail"] == f"The name {HIDDEN} is taken; choose another."
    project = {"repository_name": "acme/new", "path": "/x", "ticket_prefix": MARK}
    taken = client.post("/projects/new", data=project)
    assert "The prefix XYZZY is taken; choose another." in taken.text
