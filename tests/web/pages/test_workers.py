"""Workers: the list, one worker's page, asking it to stop, and declaring it dead."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, pipeline
from app.models import Event, StageRun, Ticket, Worker
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage
from tests.statements import counting_queries

ASKS = {"HX-Request": "true"}
NEVER = timedelta(days=3650)


@pytest.fixture
def project(board):
    with board() as session:
        make_project(session)


def shown(page):
    return re.findall(r'<tr data-row id="worker-([^"]+)"', page)


def row(page, worker_id):
    return page.split(f'id="worker-{worker_id}"', 1)[1].split("</tr>", 1)[0]


def be_silent(session, worker):
    """Overdue, and not yet swept: as between two sweeps."""
    worker.expected_by = clock.now() - timedelta(seconds=1)


@pytest.fixture
def no_sweep(app, monkeypatch):
    monkeypatch.setitem(app.extensions, "callboard.next_sweep", float("inf"))


def test_without_workers_the_page_explains_how_they_come(client):
    page = client.get("/workers").text

    assert "No workers now" in page
    assert "registers over the API" in page


def test_a_worker_is_listed_with_what_it_does_now(client, board, project):
    with board() as session:
        ticket = make_ticket(session, title="Broken checkout")
        worker = make_worker(session, worker_id="w-1", hostname="build-07", pid=4711)
        run_stage(session, ticket, worker)
    line = row(client.get("/workers").text, "w-1")

    for text in ("active", "build-07, pid 4711", "Broken checkout", "stage 1", "implementation"):
        assert text in line
    assert 'href="/workers/w-1"' in line
    assert 'href="/projects/acme/web"' in line


@pytest.mark.both_databases
def test_silent_workers_come_first_and_are_marked(client, board, project, no_sweep):
    with board() as session:
        make_worker(session, worker_id="w-1")
        be_silent(session, make_worker(session, worker_id="w-2"))
        run_stage(session, make_ticket(session), make_worker(session, worker_id="w-3"))
    page = client.get("/workers").text

    assert shown(page) == ["w-2", "w-3", "w-1"]
    assert '<span class="pill stop">silent</span>' in row(page, "w-2")
    assert shown(client.get("/workers?status=silent").text) == ["w-2"]
    assert shown(client.get("/workers?status=idle").text) == ["w-1"]


@pytest.mark.both_databases
def test_finished_workers_and_old_failures_are_folded_away(client, board, project):
    with board() as session:
        make_worker(session, worker_id="w-1")
        make_worker(session, worker_id="w-2").finish(ANN, "nothing left")
        make_worker(session, worker_id="w-3").fail(ANN, "lost")
        old = make_worker(session, worker_id="w-4")
        old.fail(ANN, "lost long ago")
        old.last_activity = clock.now() - timedelta(days=2)

    assert shown(client.get("/workers").text) == ["w-3", "w-1"]
    assert set(shown(client.get("/workers?status=all").text)) == {"w-1", "w-2", "w-3", "w-4"}
    finished = client.get("/workers?status=finished").text
    assert shown(finished) == ["w-2"]
    assert "nothing left" in finished


@pytest.mark.both_databases
def test_the_list_is_filtered_by_project_and_type(client, board, project):
    with board() as session:
        make_project(session, "acme/api")
        make_worker(session, worker_id="w-1")
        make_worker(session, "review", worker_id="w-2")
        make_worker(session, project="acme/api", worker_id="w-3")

    assert shown(client.get("/workers?project=acme/api").text) == ["w-3"]
    assert shown(client.get("/workers?type=review").text) == ["w-2"]
    page = client.get("/workers?project=acme/api&type=review").text
    assert shown(page) == []
    assert "No worker fits these filters" in page
    assert "Clear filters" in page


@pytest.mark.parametrize("query", ["status=asleep", "project=no", "type=no", "sort=no", "page=0"])
def test_a_filter_that_means_nothing_is_told_and_the_list_still_shown(
    client, board, project, query
):
    with board() as session:
        make_worker(session, worker_id="w-1")
    answer = client.get(f"/workers?{query}")

    assert answer.status_code == 400
    assert 'class="note stop"' in answer.text
    assert shown(answer.text) == ["w-1"]


@pytest.mark.both_databases
@pytest.mark.parametrize("sort", ["status", "worker", "type", "heartbeat", "started"])
def test_the_list_sorts_both_ways_by_each_column(client, board, project, sort):
    with board() as session:
        for number, role in enumerate(("implementation", "review")):
            worker = make_worker(session, role, worker_id=f"w-{number}")
            worker.last_activity += timedelta(minutes=number)
            worker.started_at += timedelta(minutes=number)
            worker.status = ("active", "idle")[number]
    up, down = (shown(client.get(f"/workers?sort={s}").text) for s in (sort, f"-{sort}"))

    assert up == ["w-0", "w-1"]
    assert down == ["w-1", "w-0"]


@pytest.mark.both_databases
def test_the_list_is_paged(client, board, project):
    with board() as session:
        for number in range(51):
            make_worker(session, worker_id=f"w-{number:02}")

    assert len(shown(client.get("/workers").text)) == 50
    assert len(shown(client.get("/workers?page=2").text)) == 1
    assert "The list is shorter than that" in client.get("/workers?page=9").text


def test_the_number_of_queries_does_not_grow_with_the_workers(app, client, board, project):
    with board() as session:
        run_stage(session, make_ticket(session))
    with counting_queries(app) as few:
        client.get("/workers")
    with board() as session:
        for _ in range(10):
            run_stage(session, make_ticket(session))
    with counting_queries(app) as many:
        client.get("/workers")

    assert len(many) == len(few)


@pytest.mark.usefixtures("new_minute")
def test_the_list_is_drawn_anew_after_a_heartbeat_and_not_before(client, board, project):
    with board() as session:
        make_worker(session, worker_id="w-1")
    url = re.search(r'hx-get="([^"]+)"', client.get("/workers").text).group(1)
    same = client.get(url, headers=ASKS)
    with board() as session:
        pipeline.heartbeat(session, "w-1")
    other = client.get(url, headers=ASKS)

    assert (same.status_code, other.status_code) == (204, 200)
    assert "<html" not in other.text


@pytest.mark.both_databases
def test_a_worker_s_page_shows_its_facts_its_runs_and_what_happened(client, board, project):
    with board() as session:
        worker = make_worker(session, worker_id="w-1", hostname="build-07", pid=4711)
        run_stage(session, make_ticket(session, title="First"), worker).complete("Done.")
        second = make_ticket(session, title="Second")
        run_stage(session, second, worker).fail("It broke.")
        third = make_ticket(session, title="Third", priority=0)
        run_stage(session, third, worker)
    page = client.get("/workers/w-1").text

    for text in ("build-07", "4711", "First", "Second", "Third", "completed", "failed"):
        assert text in page
    assert "<q>It broke.</q>" in page
    assert "/events?show=all&amp;worker=w-1" in page


def test_a_worker_without_runs_says_so(client, board, project):
    with board() as session:
        make_worker(session, worker_id="w-1")
    page = client.get("/workers/w-1").text

    assert "No runs yet" in page
    assert "waits for a ticket" in page


def test_an_unknown_worker_is_not_found(client):
    for path in ("/workers/w-404", "/workers/w-404/declare-dead"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "There is no worker w-404." in answer.text
    assert client.post("/workers/w-404/stop").status_code == 404
    assert client.post("/workers/w-404/declare-dead").status_code == 404


@pytest.mark.both_databases
def test_a_worker_s_runs_are_paged(client, board, project):
    with board() as session:
        worker = make_worker(session, worker_id="w-1")
        for _ in range(21):
            run_stage(session, make_ticket(session, ["implementation"]), worker).complete()

    assert client.get("/workers/w-1").text.count('id="run-') == 20
    assert client.get("/workers/w-1?page=2").text.count('id="run-') == 1
    assert "No more runs" in client.get("/workers/w-1?page=3").text


def test_asking_a_worker_to_stop_reaches_its_next_heartbeat(client, board, project):
    with board() as session:
        make_worker(session, worker_id="w-1")
    answer = client.post("/workers/w-1/stop")

    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Asked to stop" in page
    assert "Ask to stop</button>" not in page
    assert "asked to stop" in row(client.get("/workers").text, "w-1")
    with board() as session:
        assert pipeline.heartbeat(session, "w-1").instruction == "stop"


def test_declaring_dead_asks_first_and_says_what_becomes_of_the_run(client, board, project):
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket, make_worker(session, worker_id="w-1"))
        make_worker(session, worker_id="w-2")
        ticket_id = ticket.ticket_id

    page = client.get("/workers/w-1/declare-dead").text
    assert "costs the stage an attempt" in page
    assert ticket_id in page
    assert "It holds no ticket" in client.get("/workers/w-2/declare-dead").text
    with board() as session:
        assert session.get(Worker, "w-1").is_live


@pytest.mark.both_databases
def test_declaring_dead_frees_the_ticket_at_once(client, board, project):
    with board() as session:
        run = run_stage(session, make_ticket(session), make_worker(session, worker_id="w-1"))
        held = run.run_id
    answer = client.post("/workers/w-1/declare-dead", data={"run": held})

    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "w-1 is declared dead." in page
    assert "declared dead by ann" in page
    assert 'action="/workers/w-1/stop"' not in page
    with board() as session:
        assert session.scalars(select(StageRun.outcome)).all() == ["expired"]
        assert session.scalars(select(Ticket.claimed_by)).all() == [None]
        assert session.get(Worker, "w-1").status == "failed"


@pytest.mark.both_databases
@pytest.mark.parametrize("holds", [True, False])
def test_a_worker_that_has_gone_on_is_not_declared_dead_by_an_older_page(
    client, board, project, holds
):
    with board() as session:
        run = run_stage(session, make_ticket(session), make_worker(session, worker_id="w-1"))
        held = run.run_id
    assert f'name="run" value="{held}"' in client.get("/workers/w-1").text
    with board() as session:
        session.get(StageRun, held).complete()
        if holds:
            run_stage(session, make_ticket(session), session.get(Worker, "w-1"))
    answer = client.post("/workers/w-1/declare-dead", data={"run": held})

    assert answer.status_code == 409
    assert "w-1 has gone on since you opened this form." in answer.text
    assert "Declare dead</button>" not in answer.text
    with board() as session:
        assert session.get(Worker, "w-1").is_live


@pytest.mark.parametrize("verb", ["stop", "declare-dead"])
@pytest.mark.parametrize("end", ["finish", "fail"])
def test_a_worker_that_is_over_can_not_be_ended_again(client, board, project, verb, end):
    with board() as session:
        getattr(make_worker(session, worker_id="w-1"), end)(ANN, "gone")
    answer = client.post(f"/workers/w-1/{verb}")

    assert answer.status_code == 409
    assert "w-1 is already f" in answer.text
    assert 'href="/workers/w-1"' in answer.text
    with board() as session:
        assert len(session.scalars(select(Event).where(Event.worker_id == "w-1")).all()) == 2


@pytest.mark.usefixtures("new_minute")
def test_a_worker_s_page_is_drawn_anew_when_it_is_asked_to_stop(client, board, project):
    with board() as session:
        make_worker(session, worker_id="w-1")
    url = re.search(r'hx-get="([^"]+)"', client.get("/workers/w-1").text).group(1)
    same = client.get(url, headers=ASKS)
    client.post("/workers/w-1/stop")
    other = client.get(url, headers=ASKS)

    assert (same.status_code, other.status_code) == (204, 200)


def test_a_worker_that_was_never_told_when_to_report_is_silent_after_the_default_lease(
    client, board, project, no_sweep
):
    with board() as session:
        worker = make_worker(session, worker_id="w-1")
        worker.expected_by = None
        worker.last_activity = clock.now() - timedelta(hours=1)

    assert ">silent</span>" in row(client.get("/workers").text, "w-1")
    assert "should have been heard of" in client.get("/workers/w-1").text
