"""Moving cards and adding tickets on the board, with and without a script."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.models import PlanTemplate, Ticket
from tests.conftest import OpenSession
from tests.factories import ANN, GATE, PROJECT, make_project, make_ticket, run_stage

SCRIPT = {"HX-Request": "true"}
PLAN = ["implementation", "review", GATE, "implementation"]


def cards(client: FlaskClient, column: str) -> list[str]:
    """The ids in a column of the project's board, from the top."""
    page = client.get(f"/projects/{PROJECT}").text
    there = page.split(f'id="cell-{column}"')[1].split("</section>")[0]
    return re.findall(r'data-ticket="([^"]+)"', there)


def queue(board: OpenSession, count: int = 3) -> list[str]:
    """Tickets in one queue, the first first."""
    with board() as session:
        return [make_ticket(session).ticket_id for _ in range(count)]


def at_stage(board: OpenSession, number: int) -> str:
    """A ticket that has come so far in its plan."""
    with board() as session:
        ticket = make_ticket(session, PLAN)
        ticket.move_to(number - 1)
        return ticket.ticket_id


def test_a_card_is_moved_in_its_queue(client: FlaskClient, board: OpenSession) -> None:
    first, second, third = queue(board)
    url = f"/tickets/{third}/move"

    answer = client.post(url, data={"place": "top", "stage": "implementation"})

    assert answer.location == f"/projects/{PROJECT}#card-{third}"
    assert cards(client, "stage-implementation") == [third, first, second]
    beside = {"place": "after", "other_id": first, "stage": "implementation"}
    said = client.post(url, data=beside, headers=SCRIPT)
    assert (said.status_code, third in said.text) == (200, True)
    assert cards(client, "stage-implementation") == [first, third, second]


def test_a_move_that_lost_a_race_says_why(client: FlaskClient, board: OpenSession) -> None:
    first, second, _ = queue(board)
    with board() as session:
        run_stage(session, Ticket.lock(session, first)).complete()
    beside = {"place": "before", "other_id": first, "stage": "implementation"}

    lost = client.post(f"/tickets/{second}/move", data=beside, headers=SCRIPT)
    stale = {"place": "top", "stage": "implementation"}
    late = client.post(f"/tickets/{first}/move", data=stale, headers=SCRIPT)

    assert (lost.status_code, late.status_code) == (409, 409)
    assert lost.text == f"{first} isn't in the queue of implementation."
    assert late.text == f"{first} is no longer at implementation."
    page = client.post(f"/tickets/{first}/move", data=stale)
    assert page.status_code == 409
    assert "is no longer at implementation" in page.text


@pytest.mark.parametrize(
    ("number", "column", "heading"),
    [
        (1, "stage-review", "Complete by hand"),
        (2, "waiting", "Complete by hand"),
        (3, "stage-implementation", "Send back"),
        (2, "stage-implementation", "Send back"),
        (4, "done", "Complete by hand"),
        (4, "waiting", "Send back"),
        (1, "on_hold", "Put on hold"),
    ],
)
def test_a_drop_asks_what_it_means(
    client: FlaskClient, board: OpenSession, number: int, column: str, heading: str
) -> None:
    ticket_id = at_stage(board, number)

    answer = client.get(f"/tickets/{ticket_id}/move?to={column}", headers=SCRIPT)

    assert answer.status_code == 200
    assert f">{heading}: {ticket_id}<" in answer.text


def test_another_lane_is_another_priority(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session, priority=3).ticket_id

    moved = client.post(f"/tickets/{ticket_id}/move", data={"priority": "0"}, headers=SCRIPT)
    wrong = client.post(f"/tickets/{ticket_id}/move", data={"priority": "4"}, headers=SCRIPT)

    assert moved.text == f"The priority of {ticket_id} is urgent now."
    assert wrong.status_code == 422
    with board() as session:
        assert session.get_one(Ticket, ticket_id).priority == 0


def test_a_drop_beyond_a_gate_approves(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session, [GATE, "review"]).ticket_id
    answer = client.get(f"/tickets/{ticket_id}/move?to=stage-review", headers=SCRIPT)
    assert f">Approve: {ticket_id}<" in answer.text
    seen = re.findall(r'name="seen" value="([^"]+)"', answer.text)[0]
    sent = {"verb": "complete", "seen": seen, "comment": "Fine."}

    done = client.post(f"/tickets/{ticket_id}/move", data=sent, headers=SCRIPT)
    again = client.post(f"/tickets/{ticket_id}/move", data=sent, headers=SCRIPT)

    assert done.text == f"{GATE} is approved."
    assert cards(client, "stage-review") == [ticket_id]
    assert again.status_code == 409
    assert "no longer where it was" in again.text


@pytest.mark.parametrize(
    ("number", "column", "why"),
    [
        (1, "waiting", "one stage at a time"),
        (1, "done", "aren&#39;t done|aren't done"),
        (1, "stage-testing", "has no stage there"),
    ],
)
def test_a_drop_that_makes_no_sense_says_why(
    client: FlaskClient, board: OpenSession, number: int, column: str, why: str
) -> None:
    ticket_id = at_stage(board, number)

    answer = client.get(f"/tickets/{ticket_id}/move?to={column}", headers=SCRIPT)

    assert answer.status_code == 409
    assert re.search(why, answer.text)


def test_what_runs_is_held_or_blocked_stays_until_that_ends(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        runs = make_ticket(session)
        worker = run_stage(session, runs).worker_id
        blocked, held, closed = (make_ticket(session) for _ in range(3))
        blocked.block_by(runs.ticket_id, ANN)
        held.hold(ANN)
        closed.stop(ANN)
        ids = [one.ticket_id for one in (runs, blocked, held, closed)]
    said = [client.get(f"/tickets/{one}/move?to=stage-review", headers=SCRIPT).text for one in ids]

    assert said[0] == f"{worker} is working on {ids[0]}. Put it on hold first."
    assert said[1] == f"{ids[1]} waits for {ids[0]}."
    assert "Resume it first" in said[2]
    assert "It reopens at implementation" in said[3]
    back = "/move?to=stage-implementation"
    assert ">Resume: " in client.get(f"/tickets/{ids[2]}{back}", headers=SCRIPT).text
    assert ">Reopen: " in client.get(f"/tickets/{ids[3]}{back}", headers=SCRIPT).text


def test_to_send_back_one_has_to_say_why(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = at_stage(board, 2)
    url = f"/tickets/{ticket_id}/move"
    form = client.get(f"{url}?to=stage-implementation", headers=SCRIPT).text
    seen = re.findall(r'name="seen" value="([^"]+)"', form)[0]
    sent = {"verb": "send_back", "seen": seen, "to_stage": "1", "reason": ""}

    asked = client.post(url, data=sent, headers=SCRIPT)
    done = client.post(url, data={**sent, "reason": "It is red."}, headers=SCRIPT)

    assert asked.status_code == 422
    assert "This can&#39;t be empty" in asked.text
    assert done.text == f"{ticket_id} is back at implementation."


def test_the_menu_is_a_page_without_a_script(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = at_stage(board, 2)

    page = client.get(f"/tickets/{ticket_id}/move").text

    for words in ("To the top", "Complete by hand…", "Send back…", "Hold…", "Close unfinished…"):
        assert words in page
    assert f'href="/tickets/{ticket_id}/hold"' in page
    fragment = client.get(f"/tickets/{ticket_id}/move", headers=SCRIPT).text
    assert "<html" not in fragment
    assert "To the top" in fragment


def test_a_ticket_is_added_at_the_foot_of_a_column(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        PlanTemplate.create(session, project_id=PROJECT, name="usual", plan=PLAN, actor=ANN)
        make_ticket(session, ["review"])
    url = f"/projects/{PROJECT}/-/board/add"

    said = client.post(url, data={"title": "Look at it", "stage": "review"}, headers=SCRIPT)
    plain = client.post(url, data={"title": "And at that", "stage": "implementation"})
    empty = client.post(url, data={"title": " ", "stage": "review"}, headers=SCRIPT)

    assert said.text.endswith(" is on the board.")
    assert f"/projects/{PROJECT}#card-" in plain.location
    assert empty.status_code == 422
    with board() as session:
        plans = {t.title: t.execution_plan for t in session.query(Ticket)}
    assert plans["Look at it"] == PLAN[1:]
    assert plans["And at that"] == PLAN


def test_who_may_only_look_moves_nothing(sign_in, board: OpenSession) -> None:
    first, *_ = queue(board)
    viewer = sign_in("viewer")

    page = viewer.get(f"/projects/{PROJECT}").text

    assert "data-card-menu" not in page
    assert "data-add" not in page
    assert viewer.post(f"/tickets/{first}/move", data={"place": "top"}).status_code == 403
