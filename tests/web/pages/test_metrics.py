"""/metrics: who may read it, that its figures are true, and that many processes are one board."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, update

from app import clock, pipeline
from app.db.base import db
from app.models import ApiToken, Project, StageRun, Ticket, Worker
from app.observability import metrics
from tests.deploy.board import Board
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage
from tests.processes import until
from tests.statements import counting_queries

PATH = "/metrics"


@pytest.fixture
def token(board):
    """`token("metrics")`: the header of a program with that scope."""

    def make(*scopes, **values):
        with board() as session:
            name = f"reader-{len(scopes)}-{time.monotonic_ns()}"
            _, secret = ApiToken.issue(session, name=name, scopes=scopes, actor=ANN, **values)
        return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def scrape(client, token):
    """The figures as monitoring sees them: `{("name", ("label", …)): value}`."""

    def read(**values):
        answer = client.get(PATH, headers=token("metrics", **values))
        assert answer.status_code == 200
        return parsed(answer.text)

    return read


@pytest.mark.parametrize("scope", ["metrics", "admin"])
def test_a_token_with_the_scope_may_read(stranger, token, scope):
    answer = stranger.get(PATH, headers=token(scope))

    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "callboard_build_info" in answer.text


def test_openmetrics_is_spoken_to_who_asks_for_it(stranger, token):
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = stranger.get(PATH, headers=token("metrics") | accept)

    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_a_head_request_is_answered_without_a_body(stranger, token):
    answer = stranger.head(PATH, headers=token("metrics"))

    assert (answer.status_code, answer.data) == (200, b"")


def test_a_signed_in_admin_may_look(sign_in):
    assert sign_in("admin").get(PATH).status_code == 200


@pytest.mark.parametrize("role", [None, "viewer", "member", "lead"])
def test_others_are_told_to_bring_a_token(sign_in, role):
    answer = sign_in(role).get(PATH)

    assert answer.status_code == 401
    assert answer.mimetype == "text/plain"
    assert "--scope metrics" in answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_without_the_scope_is_told_what_it_lacks(stranger, token):
    answer = stranger.get(PATH, headers=token("read", "work", "plan"))

    assert answer.status_code == 403
    assert answer.mimetype == "text/plain"
    assert "scope metrics" in answer.text


def test_an_unknown_token_is_refused(stranger):
    answer = stranger.get(PATH, headers={"Authorization": "Bearer cb_unknown"})

    assert answer.status_code == 401
    assert answer.mimetype == "text/plain"
    assert "isn't known" in answer.text


def test_a_token_for_metrics_opens_no_other_door(stranger, token):
    assert stranger.get("/api/v1/projects", headers=token("metrics")).status_code == 403


@pytest.mark.both_databases
def test_queues_show_what_stands_in_them_and_for_how_long(board, scrape):
    with board() as session:
        make_project(session)
        for _ in range(3):
            make_ticket(session)
        make_ticket(session, plan=("approval",))
        session.execute(update(Ticket).values(ready_at=clock.now() - timedelta(minutes=10)))
        make_ticket(session, plan=("review",)).hold(ANN, "later")
    found = scrape()

    def depth(worker_type, situation):
        return found["callboard_queue_tickets", ("acme/web", situation, worker_type)]

    assert depth("implementation", "ready") == 3
    assert depth("approval", "waiting") == 1
    assert depth("review", "on_hold") == 1
    assert depth("review", "ready") == 0
    oldest = "callboard_queue_oldest_wait_seconds"
    assert 600 <= found[oldest, ("acme/web", "implementation")] < 700
    assert found[oldest, ("acme/web", "review")] == 0


@pytest.mark.both_databases
def test_runs_are_counted_when_they_begin_and_by_how_they_end(board, scrape):
    before = scrape()
    with board() as session:
        run_stage(session, make_ticket(session), make_worker(session, worker_id="w-1")).complete()
        run_stage(session, make_ticket(session), make_worker(session, worker_id="w-2"))
        session.execute(
            update(StageRun)
            .where(StageRun.finished_at.is_(None))
            .values(lease_expires_at=clock.now() - timedelta(minutes=1))
        )
        session.execute(
            update(Worker)
            .where(Worker.worker_id == "w-2")
            .values(expected_by=clock.now() - timedelta(minutes=1))
        )
        session.commit()
        pipeline.expire_leases(session)
    after = scrape()

    assert after["callboard_claims_total", ()] - before["callboard_claims_total", ()] == 2
    assert after["callboard_stage_runs_finished_total", ("completed",)] == 1
    assert after["callboard_stage_runs_finished_total", ("expired",)] == 1
    assert after["callboard_stage_runs_finished_total", ("failed",)] == 0
    assert after["callboard_leases_expired_total", ()] == 1
    assert after["callboard_workers", ("acme/web", "failed")] == 1


@pytest.mark.both_databases
def test_claims_never_count_backwards(board, scrape):
    with board() as session:
        run_stage(session, make_ticket(session), make_worker(session))
    before = scrape()["callboard_claims_total", ()]
    with board() as session:
        session.execute(delete(Project))

    assert scrape()["callboard_claims_total", ()] == before > 0


@pytest.mark.both_databases
def test_a_token_for_one_project_sees_that_one_only(board, scrape):
    with board() as session:
        make_project(session, "acme/web")
        make_project(session, "acme/other")
        for _ in range(2):
            ticket = make_ticket(session, project="acme/other")
            run_stage(session, ticket, make_worker(session, project="acme/other"))
        run_stage(session, make_ticket(session), make_worker(session)).complete()
    found = scrape(project_id="acme/web")

    assert not [labels for _, labels in found if "acme/other" in labels]
    assert found["callboard_claims_total", ()] == 1
    assert found["callboard_stage_runs_finished_total", ("completed",)] == 1
    assert found["callboard_workers", ("acme/web", "idle")] == 1


@pytest.mark.both_databases
def test_a_token_for_no_project_sees_also_those_that_are_limited_to_their_members(board, scrape):
    with board() as session:
        make_ticket(session)
        session.execute(update(Project).values(members_only=True))

    assert scrape()["callboard_queue_tickets", ("acme/web", "ready", "implementation")] == 1


def test_requests_are_counted_by_route_and_never_by_address(client, board, scrape):
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    before = scrape()
    client.get(f"/tickets/{ticket_id}", buffered=True)
    client.get("/tickets/NONE-1?q=of-a-stranger", buffered=True)
    client.get("/no/such/page", buffered=True)
    client.open("/tickets", method="BREW", buffered=True)
    after = scrape()

    def more(*labels):
        key = "callboard_http_requests_total", labels
        return after[key] - before.get(key, 0)

    assert more("GET", "/tickets/<ticket_id>", "2xx") == 1
    assert more("GET", "/tickets/<ticket_id>", "4xx") == 1
    assert more("GET", metrics.NO_ROUTE, "4xx") == 1
    assert more(metrics.OTHER_METHOD, metrics.NO_ROUTE, "4xx") == 1
    assert (
        after["callboard_http_request_duration_seconds_count", ("GET", "/tickets/<ticket_id>")] >= 2
    )
    assert not [labels for _, labels in after if ticket_id in str(labels)]


def test_a_look_costs_a_fixed_number_of_queries(app, client, board, token):
    header = token("metrics")

    def costs():
        client.get(PATH, headers=header)
        with counting_queries(app) as sent:
            client.get(PATH, headers=header)
        return len([text for text in sent if text.startswith("SELECT")])

    with board() as session:
        make_project(session, "acme/p0")
    few = costs()
    with board() as session:
        for number in range(1, 6):
            make_ticket(session, project=f"acme/p{number}")

    assert costs() == few


@pytest.mark.slow
def test_every_process_tells_of_all_and_a_reload_forgets_nothing(make_app, tmp_path):
    with make_app(f"sqlite:///{tmp_path}/callboard.db").app_context():
        _, secret = ApiToken.issue(db.session(), name="prom", scopes=["metrics"], actor=ANN)
        db.session.commit()

    def health_checks():
        answer = served.ask(PATH, Authorization=f"Bearer {secret}")
        return parsed(answer.text)["callboard_http_requests_total", ("GET", "/healthz", "2xx")]

    with Board(tmp_path) as served:
        served.start("--workers", "2")
        before = health_checks()
        for _ in range(20):
            served.ask("/healthz")
        assert {health_checks() for _ in range(8)} == {before + 20}

        workers = workers_of(served)
        served.reload()
        until(lambda: workers_of(served).isdisjoint(workers) and len(workers_of(served)) == 2)
        served.ask("/healthz")
        assert {health_checks() for _ in range(8)} == {before + 21}

        (folder,) = metrics_folders(served)
        assert (folder.stat().st_mode & 0o777) == 0o700
        # Each process that comes takes over the files of one that is gone.
        assert len(list(folder.glob("counter_*.db"))) <= 4
    assert metrics_folders(served) == []


def parsed(text):
    """Each figure by its name and the values of its labels, in the order of the labels' names."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()) if value)): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "le" not in sample.labels
    }


def workers_of(served):
    return {child.pid for child in psutil.Process(served.pid).children()}


def metrics_folders(served):
    places = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    name = f"callboard-metrics-{served.pid}-*"
    return [folder for place in places for folder in place.glob(name)]
