"""The dashboard: a whole board in ten seconds."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import insert, select, update

from app import clock
from app.actor import Actor
from app.models import Project, StageRun, Ticket, WorkerType
from app.queries.dashboard import ITEMS_SHOWN, RUNNING_SHOWN
from app.queries.paging import COUNT_CAP
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.statements import counting_queries

ASKS = {"HX-Request": "true"}


def figure(page, label):
    found = re.search(rf"<b>([^<]*)</b>\s*<span>{label}</span>", page)
    return found.group(1)


def card(page, heading):
    """The card below a heading."""
    return page.split(f">{heading}</h2>", 1)[1].split("</section>", 1)[0]


def gate_ticket(session, **values):
    ticket = make_ticket(session, ["implementation", GATE], **values)
    run_stage(session, ticket).complete("Ready, but *look* at the cookie.")
    return ticket


@pytest.fixture
def no_sweep(app, monkeypatch):
    monkeypatch.setitem(app.extensions, "callboard.next_sweep", float("inf"))


@pytest.mark.both_databases
def test_the_figures_count_each_situation_and_lead_to_its_list(client, board):
    with board() as session:
        run_stage(session, make_ticket(session, priority=0))
        make_ticket(session, priority=3)
        blocker = make_ticket(session, ["review"])
        make_ticket(session, ["review"]).block_by(blocker.ticket_id, ANN)
        gate_ticket(session, priority=0)
        make_ticket(session).hold(ANN)
        make_ticket(session).stop(ANN)
    page = client.get("/").text

    assert figure(page, "running now") == "1"
    assert figure(page, "ready") == "2"
    assert figure(page, "blocked") == "1"
    assert figure(page, "waiting for a person") == "1"
    assert figure(page, "on hold") == "1"
    assert figure(page, "closed today") == "1"
    for state in ("running", "ready", "blocked", "waiting", "on_hold", "closed"):
        assert f'href="/tickets?state={state}"' in page


def test_a_ticket_between_two_attempts_is_neither_ready_nor_blocked(client, board):
    with board() as session:
        run_stage(session, make_ticket(session)).fail("It broke.")
    page = client.get("/").text

    assert figure(page, "ready") == "0"
    assert figure(page, "blocked") == "0"


def test_a_ticket_whose_worker_type_is_gone_waits_for_nobody_alive(client, board):
    with board() as session:
        make_ticket(session)
        session.delete(WorkerType.named(session, PROJECT, "implementation"))
    page = client.get("/").text

    assert figure(page, "ready") == "1"
    assert figure(page, "blocked") == "0"
    assert "none alive" in card(page, "Where tickets wait")


@pytest.mark.both_databases
def test_the_median_is_that_of_the_tickets_completed_in_seven_days(client, board):
    with board() as session:
        for hours in (1, 3, 100):
            ticket = make_ticket(session, ["implementation"])
            run_stage(session, ticket).complete()
            ticket.created_at = ticket.closed_at - timedelta(hours=hours)
        old = make_ticket(session, ["implementation"])
        run_stage(session, old).complete()
        old.created_at = clock.now() - timedelta(days=30)
        old.closed_at = clock.now() - timedelta(days=8)

    assert figure(client.get("/").text, "median ticket, 7 days") == "3 h"


def test_without_completed_tickets_there_is_no_median(client, board):
    with board() as session:
        make_ticket(session)

    assert figure(client.get("/").text, "median ticket, 7 days") == "–"


def test_a_question_is_quoted_with_the_way_to_answer_it(client, board):
    with board() as session:
        ticket = make_ticket(session, title="Rate limiter")
        run_stage(session, ticket).ask_attention("Which burst size holds?")
        ticket_id = ticket.ticket_id
    needs = card(client.get("/").text, "Needs attention")

    assert "Which burst size holds?" in needs
    assert "Rate limiter" in needs
    assert f'href="/tickets/{ticket_id}/resume"' in needs


def test_used_up_attempts_are_told_in_numbers(client, board):
    with board() as session:
        ticket = make_ticket(session)
        for _ in range(3):
            ticket.backoff_until = None
            session.flush()
            run_stage(session, ticket).fail("429 too many requests")
    needs = card(client.get("/").text, "Needs attention")

    assert "3 of 3 failed" in needs
    assert "429 too many requests" in needs
    assert "Answer…" in needs


def test_a_gate_shows_what_was_said_last_and_both_ways_on(client, board):
    with board() as session:
        ticket_id = gate_ticket(session, title="Checkout").ticket_id
    needs = card(client.get("/").text, "Needs attention")

    assert "Checkout" in needs
    assert "<q>Ready, but look at the cookie.</q>" in needs
    assert f'href="/tickets/{ticket_id}/complete"' in needs
    assert f'href="/tickets/{ticket_id}/send-back"' in needs


def test_a_worker_that_is_gone_needs_attention_until_it_is_dealt_with(client, board):
    with board() as session:
        make_ticket(session)
        make_worker(session, worker_id="w-1").fail(Actor.system(), "no heartbeat")
    page = client.get("/").text
    event = re.search(r'id="event-(\d+)"', page).group(1)

    assert "worker gone" in card(page, "Needs attention")
    client.post("/inbox", data={"event": event})
    assert "Nothing waits for a person" in card(client.get("/").text, "Needs attention")


@pytest.mark.both_databases
def test_a_silent_worker_needs_attention_before_it_is_swept(client, board, no_sweep):
    with board() as session:
        make_ticket(session)
        worker = make_worker(session, worker_id="w-1")
        worker.expected_by = clock.now() - timedelta(seconds=1)
    page = client.get("/").text

    assert "worker silent" in card(page, "Needs attention")
    assert "1 silent" in card(page, "Workers")
    assert "none alive" in card(page, "Where tickets wait")


@pytest.mark.both_databases
def test_the_urgent_comes_first_and_the_rest_is_counted(client, board):
    with board() as session:
        urgent = make_ticket(session, title="Urgent", priority=0)
        run_stage(session, urgent).ask_attention("Now?")
        for number in range(ITEMS_SHOWN):
            gate_ticket(session, title=f"Gate {number}", priority=1)
    needs = card(client.get("/").text, "Needs attention")

    titles = re.findall(r"</span>\s*<span dir=\"auto\">(Urgent|Gate \d)", needs)
    assert titles[0] == "Urgent"
    assert titles[1] == "Gate 0"
    assert len(titles) == ITEMS_SHOWN
    assert "1 more in the inbox" in needs
    assert 'href="/inbox"' in needs


def test_running_stages_are_listed_with_worker_and_rail_and_the_rest_counted(client, board):
    with board() as session:
        for number in range(RUNNING_SHOWN + 2):
            worker = make_worker(session, worker_id=f"w-run-{number}") if number else None
            run_stage(session, make_ticket(session), worker)
    running = card(client.get("/").text, "Running")

    assert running.count("data-row") == RUNNING_SHOWN
    assert 'href="/workers/w-run-1"' in running
    assert 'aria-label="stage 1 of 2, implementation"' in running
    assert "2 more" in running


@pytest.mark.both_databases
def test_a_queue_says_how_many_wait_since_when_and_who_lives(client, board):
    with board() as session:
        for _ in range(3):
            make_ticket(session)
        make_worker(session)
        make_ticket(session, ["review"])
        gate_ticket(session, priority=0)
    waits = card(client.get("/").text, "Where tickets wait")

    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in waits.split('<tr id="queue-')[1:]]
    found = {row.split()[0].split("-")[-1].rstrip('">'): row for row in rows}
    assert re.search(r" 3 .* live", found["implementation"])
    assert re.search(r" 1 .* none alive", found["review"])
    assert re.search(r" 1 .* a person", found[GATE])


def test_an_archived_project_s_tickets_wait_nowhere(client, board):
    with board() as session:
        make_ticket(session)
        session.execute(update(Project).values(archived_at=clock.now()))

    assert "No ticket waits" in card(client.get("/").text, "Where tickets wait")


@pytest.mark.both_databases
def test_what_happened_is_told_newest_first(client, board):
    with board() as session:
        ticket = make_ticket(session)
        ticket.hold(ANN)
        ticket_id = ticket.ticket_id
    news = card(client.get("/").text, "What happened")

    assert news.index("on hold") < news.index("created")
    assert f'href="/tickets/{ticket_id}"' in news


def test_a_poll_draws_the_region_alone(client, board):
    with board() as session:
        make_ticket(session)
    answer = client.get("/?v=old", headers=ASKS)

    assert "<html" not in answer.text
    assert answer.text.lstrip().startswith('<section id="dashboard"')


@pytest.mark.both_databases
@pytest.mark.usefixtures("new_minute")
def test_an_unchanged_board_asks_who_is_there_and_for_the_version_and_no_more(
    app, client, board, no_sweep
):
    with board() as session:
        make_ticket(session)
    with time_machine.travel(clock.now(), tick=False):
        url = re.search(r'hx-get="([^"]+)"', client.get("/").text).group(1)
        with counting_queries(app) as sent:
            answer = client.get(url, headers=ASKS)

    assert answer.status_code == 204
    assert len(sent) == 2
    assert "FROM user_sessions" in sent[0]


def test_the_number_of_queries_does_not_grow_with_the_board(app, client, board, no_sweep):
    def fill(session):
        gate_ticket(session, priority=1)
        run_stage(session, make_ticket(session, priority=0)).ask_attention("Which?")
        run_stage(session, make_ticket(session, priority=0))
        make_ticket(session, ["review"])
        run_stage(session, make_ticket(session, ["review"], priority=0)).complete()

    with board() as session:
        fill(session)
    with counting_queries(app) as few:
        client.get("/")
    with board() as session:
        for _ in range(5):
            fill(session)
    with counting_queries(app) as many:
        client.get("/")

    assert len(many) == len(few)
    assert len(many) == 16


def test_a_second_look_at_the_same_board_asks_for_its_version_alone(app, client, board, no_sweep):
    with board() as session:
        make_ticket(session)
        make_worker(session)
    with time_machine.travel(clock.now(), tick=False):
        first = client.get("/").text
        with counting_queries(app, kept_too=True) as sent:
            second = client.get("/").text

    assert len(sent) == 3, "who it is, their views, and the version"
    assert region(second) == region(first)


@pytest.mark.both_databases
def test_what_is_ready_is_counted_up_to_a_thousand(client, board):
    with board() as session:
        make_ticket(session, ["implementation"])
        rows = [
            {
                "ticket_id": f"MANY-{number}",
                "project_id": PROJECT,
                "title": "One of many",
                "execution_plan": ["implementation"],
            }
            for number in range(COUNT_CAP + 50)
        ]
        session.execute(insert(Ticket), rows)
        make_worker(session)
    page = client.get("/").text

    assert figure(page, "ready") == "1,000+"
    assert '<td class="number">1,000+</td>' in card(page, "Where tickets wait")


def region(page):
    """What the page draws anew by itself."""
    return re.search(r'<section id="dashboard".*</main>', page, re.DOTALL).group(0)


@pytest.mark.both_databases
def test_whoever_changed_a_project_or_worker_type_sees_it_at_once(client, board):
    with board() as session:
        make_ticket(session)
        make_worker(session)
        session.flush()
        role = WorkerType.named(session, PROJECT, "implementation").id
    assert "live" in card(client.get("/").text, "Where tickets wait")

    client.post(f"/projects/{PROJECT}/-/archive")
    assert "No ticket waits" in card(client.get("/").text, "Where tickets wait")

    client.post(f"/projects/{PROJECT}/-/unarchive")
    with board() as session:
        make_ticket(session, project="acme/other")
    assert "acme/other" in card(client.get("/").text, "Where tickets wait")

    client.post("/projects/acme/other/-/delete", data={"confirm": "acme/other"})
    assert "acme/other" not in card(client.get("/").text, "Where tickets wait")

    with board() as session:
        session.execute(
            update(WorkerType).where(WorkerType.id == role).values(performed_by="person")
        )
    assert "a person" in card(client.get("/").text, "Where tickets wait")


def test_no_id_stands_twice_on_the_page(client, board):
    with board() as session:
        gate_ticket(session)
        run_stage(session, make_ticket(session, priority=0)).ask_attention("Which?")
        run_stage(session, make_ticket(session, priority=0))
        make_worker(session).fail(Actor.system(), "no heartbeat")
    ids = re.findall(r'\sid="([^"]+)"', client.get("/").text)

    assert sorted(ids) == sorted(set(ids))


@pytest.mark.both_databases
def test_the_question_of_a_deleted_ticket_waits_for_nobody(client, board):
    with board() as session:
        make_ticket(session)
        ticket = make_ticket(session, priority=0)
        run_stage(session, ticket).ask_attention("Which?")
        session.flush()
        session.delete(session.get_one(Ticket, ticket.ticket_id))
        session.flush()
        assert not session.scalars(select(StageRun.run_id)).all()

    assert "Nothing waits for a person" in client.get("/").text
