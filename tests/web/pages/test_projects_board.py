"""One project's page: its board, kept up to date, and what its workers read."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import clock
from app.models import Ticket, WorkerType
from app.queries.board import CARDS_SHOWN
from app.queries.projects.plan_order import in_order_of
from tests.conftest import OpenSession
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    claim,
    make_project,
    make_role,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between
from tests.statements import counting_queries

pytestmark = pytest.mark.both_databases

HOME = f"/projects/{PROJECT}"
REGION = {"HX-Request": "true"}


def column(page: str, stage: str) -> str:
    """The board's column of one stage."""
    return between(page, f'id="stage-{stage}"', "</section>")


def aside(page: str, situation: str) -> str:
    """The list of tickets on hold, or of those blocked."""
    return between(page, f'aria-labelledby="{situation}-tickets"', "</section>")


def figure(page: str, label: str) -> str:
    """The number above a label."""
    found = re.search(rf"<b>([^<]*)</b><span>{label}</span>", page)
    assert found, f"no figure {label}"
    return found.group(1)


def stages_of(page: str) -> list[str]:
    """The board's columns from left to right."""
    return re.findall(r'id="stage-([^"]+)"', page)


def poll_address(page: str) -> str:
    """Where the region asks for what is new."""
    return between(page, 'hx-get="', '"')


def test_a_bare_project_leads_to_its_worker_types(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())

    page = client.get(HOME).text

    assert "No worker types yet" in page
    assert f'href="{HOME}/-/worker-types"' in page
    assert "data-create" not in page


def test_a_project_without_tickets_leads_to_the_first(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)

    page = client.get(HOME).text

    assert "No tickets yet" in page
    assert 'href="/tickets/new?project=acme%2Fweb"' in page
    assert "Nothing here" in column(page, "review")


def test_a_column_shows_what_runs_and_what_waits(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).complete()
        make_ticket(session, title="Ask <before> buying", priority=1)
        run_stage(session, make_ticket(session, title="Runs", priority=0))
        make_ticket(session, title="Waits")

    page = client.get(HOME).text

    first = column(page, "implementation")
    assert '<span class="count">3</span>' in first
    assert "2 alive" in first
    assert "oldest" in first
    assert "running" in first
    assert "urgent" in first
    places = [first.index(title) for title in ("Runs", "Ask &lt;before&gt;", "Waits")]
    assert places == sorted(places)
    assert '<span class="count">1</span>' in column(page, "review")


def test_a_stage_whose_tickets_wait_for_nobody_alive_says_so(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)

    page = client.get(HOME).text

    assert '<span class="pill stop">none alive</span>' in column(page, "implementation")
    assert "pill stop" not in column(page, "review")
    assert "pill stop" not in column(page, GATE)


def test_a_gate_is_marked_and_its_tickets_wait_for_a_person(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, [GATE, "review"])

    page = client.get(HOME).text

    gate = column(page, GATE)
    assert '<span class="tag">person</span>' in gate
    assert "waiting for a person" in gate
    assert figure(page, "waiting for a person") == "1"
    assert figure(page, "ready") == "0"


def test_between_two_attempts_a_ticket_says_that_it_retries(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).fail("the build broke")

    page = client.get(HOME).text

    assert "retries soon" in column(page, "implementation")
    assert figure(page, "ready") == "0", "as on the dashboard"


def test_more_tickets_than_fit_are_counted_and_linked(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        for _ in range(CARDS_SHOWN + 22):
            make_ticket(session)

    page = client.get(HOME).text

    full = column(page, "implementation")
    assert full.count('class="ticket-card') == CARDS_SHOWN
    assert ">22 more</a>" in full
    assert 'href="/tickets?project=acme%2Fweb&amp;stage=implementation"' in full


def test_tickets_on_hold_and_blocked_stand_apart(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        held, blocked, blocker, other = (make_ticket(session) for _ in range(4))
        held.hold(ANN)
        blocked.block_by(blocker.ticket_id, ANN)
        blocked.block_by(other.ticket_id, ANN)
        ids = held.ticket_id, blocked.ticket_id, min(blocker.ticket_id, other.ticket_id)

    page = client.get(HOME).text

    assert ids[0] in aside(page, "on_hold")
    assert ids[1] in aside(page, "blocked")
    assert f"by {ids[2]} and 1 more" in aside(page, "blocked")
    assert '<span class="count">2</span>' in column(page, "implementation")
    assert [figure(page, label) for label in ("open", "on hold", "blocked", "ready")] == list(
        "4112"
    )


def test_what_was_closed_lately_is_counted_apart(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        old, new, _ = (make_ticket(session) for _ in range(3))
        with time_machine.travel(clock.now() - timedelta(days=30), tick=False):
            old.stop(ANN)
        new.stop(ANN)

    page = client.get(HOME).text

    assert figure(page, "closed in 7 days") == "1"
    assert figure(page, "closed in all") == "2"
    assert figure(page, "open") == "1"


def test_columns_stand_in_the_order_of_the_plans() -> None:
    names = ["review", "approval", "planning", "implementation", "unused"]
    plans = [
        ["planning", "implementation", "review", "implementation", "review"],
        ["implementation", "review", "approval"],
        ["review", "implementation"],
    ]

    assert in_order_of(plans, names) == [
        "planning",
        "implementation",
        "review",
        "approval",
        "unused",
    ]
    assert in_order_of([], names) == names


def test_the_boards_columns_follow_open_tickets_and_templates(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, roles=("testing", "review", "implementation"))
        make_ticket(session, ["implementation", "review", "testing"])

    page = client.get(HOME).text

    assert stages_of(page) == ["implementation", "review", "testing", GATE]


def test_a_stage_whose_worker_type_is_gone_is_still_on_the_board(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
        role = WorkerType.named(session, PROJECT, "implementation")
        session.delete(role)

    lost = column(client.get(HOME).text, "implementation")

    assert "no such worker type" in lost
    assert 'class="ticket-card' in lost


def test_a_title_is_shown_as_text(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="<script>alert(1)</script>")

    page = client.get(HOME).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_rules_and_patterns_are_folded_below(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, rules="Tests **first**.", patterns="<b>Look</b>")

    page = client.get(HOME).text

    assert "Tests <strong>first</strong>." in page
    assert "&lt;b&gt;Look" in page
    assert "No rules or patterns" not in page


def test_the_region_answers_only_what_has_changed(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    address = poll_address(client.get(HOME).text)

    assert client.get(address, headers=REGION).status_code == 204
    with board() as session:
        Ticket.lock(session, ticket_id).hold(ANN)
    changed = client.get(address, headers=REGION)

    assert changed.status_code == 200
    assert changed.text.strip().startswith("<section")
    assert ticket_id in aside(changed.text, "on_hold")
    assert client.get(poll_address(changed.text), headers=REGION).status_code == 204


def test_a_new_worker_type_changes_the_board(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    address = poll_address(client.get(HOME).text)
    with board() as session:
        make_role(session, "testing")

    assert "testing" in client.get(address, headers=REGION).text


def test_an_unchanged_region_costs_a_look_and_no_drawing(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    address = poll_address(client.get(HOME).text)

    with counting_queries(client.application) as sent:
        assert client.get(address, headers=REGION).status_code == 204

    assert len([one for one in sent if one.startswith("SELECT")]) <= 5


def test_the_board_asks_the_same_number_of_questions_however_full_it_is(
    client: FlaskClient, board: OpenSession
) -> None:
    def fill(session: Session, rounds: int) -> None:
        for _ in range(rounds):
            held, blocked, blocker, gated, _ = (make_ticket(session) for _ in range(5))
            held.hold(ANN)
            blocked.block_by(blocker.ticket_id, ANN)
            gated.amend_plan([GATE], ANN)
            claim(session, make_worker(session))

    with board() as session:
        fill(session, 1)
    with counting_queries(client.application) as for_few:
        client.get(HOME)
    with board() as session:
        fill(session, 8)
        for number in range(10):
            make_role(session, f"role-{number}")
    with counting_queries(client.application) as for_many:
        client.get(HOME)

    assert len(for_many) == len(for_few)


def test_an_archived_project_can_be_read_and_taken_back(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session).archive(ANN)
    page = client.get(HOME).text
    assert "This project was archived" in page
    assert "data-create" not in page

    answer = client.post(f"{HOME}/-/unarchive")

    assert answer.location == HOME
    assert "This project was archived" not in client.get(HOME).text
