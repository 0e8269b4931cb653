"""Claims: who gets which stage, and in which order."""

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.db.base import db
from app.errors import Conflict, NotFound
from app.models import StageRun, WorkerType
from tests.factories import (
    ANN,
    PROJECT,
    claim,
    make_project,
    make_ticket,
    make_tickets,
    make_worker,
    run_stage,
)
from tests.records import event_types, events, later


def claimed(session, worker):
    """The ticket that the worker gets next, which it then completes."""
    run = claim(session, worker)
    run.complete()
    return run.ticket_id


def test_a_claim_says_what_to_do_and_until_when(session):
    ticket = make_ticket(session)
    worker = make_worker(session)

    got = pipeline.claim_next(session, worker.worker_id)

    assert (got.ticket_id, got.stage_number, got.attempt) == (ticket.ticket_id, 1, 1)
    assert 295 < (got.lease_expires_at - clock.now()).total_seconds() <= 300
    assert (worker.status, ticket.claimed_by) == ("active", worker.worker_id)


def test_a_claim_is_a_run_on_record(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    assert (run.worker_type, run.worker_id, run.actor) == (
        "implementation",
        worker.worker_id,
        worker.worker_id,
    )
    assert (run.prompt_version, run.outcome, run.is_current) == (1, None, True)
    assert event_types(session, ticket) == ["ticket_created", "ticket_stage_started"]
    assert events(session, event_type="ticket_stage_started")[0].worker_id == worker.worker_id


def test_urgent_tickets_come_first(session):
    low, urgent, medium = (make_ticket(session, priority=p).ticket_id for p in (3, 0, 2))
    worker = make_worker(session)

    assert [claimed(session, worker) for _ in range(3)] == [urgent, medium, low]


def test_of_equal_priority_the_oldest_comes_first(session):
    old, newer = (make_ticket(session).ticket_id for _ in range(2))
    with later(days=1):
        newest = make_ticket(session).ticket_id
        worker = make_worker(session)

        assert [claimed(session, worker) for _ in range(3)] == [old, newer, newest]


def test_a_ticket_that_comes_back_keeps_its_place_by_age(session):
    old, young = make_ticket(session), make_ticket(session)
    run_stage(session, old).release()
    session.flush()

    assert claimed(session, make_worker(session)) == old.ticket_id
    assert young.claimed_by is None


def test_a_changed_priority_counts_at_once(session):
    make_ticket(session)
    second = make_ticket(session)
    second.edit(ANN, priority=0)

    assert claimed(session, make_worker(session)) == second.ticket_id


def test_claiming_again_gives_the_same_run(session):
    make_ticket(session)
    make_ticket(session)
    worker = make_worker(session)
    first = pipeline.claim_next(session, worker.worker_id)

    assert pipeline.claim_next(session, worker.worker_id) == first
    assert len(session.scalars(select(StageRun)).all()) == 1


def test_two_workers_never_get_the_same_stage(session):
    make_ticket(session)
    first, second = make_worker(session), make_worker(session)

    assert pipeline.claim_next(session, first.worker_id) is not None
    assert pipeline.claim_next(session, second.worker_id) is None


def test_after_a_report_the_worker_gets_the_next_stage(session):
    first, second = make_ticket(session), make_ticket(session)
    worker = make_worker(session)

    assert claimed(session, worker) == first.ticket_id
    assert claimed(session, worker) == second.ticket_id
    assert pipeline.claim_next(session, worker.worker_id) is None
    assert worker.status == "idle"


def test_a_worker_gets_only_stages_of_its_own_queue(session):
    make_ticket(session, ["review"])
    make_ticket(session, project="acme/other")

    assert pipeline.claim_next(session, make_worker(session).worker_id) is None


def test_a_worker_that_was_asked_to_stop_gets_nothing(session):
    make_ticket(session)
    worker = make_worker(session)
    worker.ask_to_stop(ANN)

    assert pipeline.claim_next(session, worker.worker_id) is None


def test_a_worker_that_was_asked_to_stop_is_told_what_it_still_holds(session):
    make_ticket(session)
    worker = make_worker(session)
    held = pipeline.claim_next(session, worker.worker_id)
    worker.ask_to_stop(ANN)

    assert pipeline.claim_next(session, worker.worker_id) == held


def test_a_finished_worker_must_register_first(session):
    make_ticket(session)
    worker = make_worker(session)
    worker.finish(ANN)

    with pytest.raises(Conflict, match="Register it again"):
        pipeline.claim_next(session, worker.worker_id)


def test_an_unknown_worker_must_register_first(session):
    with pytest.raises(NotFound, match="Register it first"):
        pipeline.claim_next(session, "w-nobody")


def test_a_worker_given_up_for_dead_may_claim_again(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    worker.fail(ANN, "no heartbeat")

    assert claim(session, worker).ticket_id == ticket.ticket_id
    assert worker.status == "active"


def test_a_claim_is_a_sign_of_life(session):
    make_project(session)
    worker = make_worker(session)

    with later(minutes=4):
        pipeline.claim_next(session, worker.worker_id)
        assert worker.last_activity == clock.now()
    with later(minutes=8):
        assert not pipeline.is_sweep_due(session)


def test_the_lease_is_as_long_as_the_role_says(session):
    make_ticket(session)
    WorkerType.named(session, PROJECT, "implementation").lease_seconds = 60
    got = pipeline.claim_next(session, make_worker(session).worker_id)

    assert 55 < (got.lease_expires_at - clock.now()).total_seconds() <= 60


def test_a_role_that_became_a_gate_hands_out_no_more_stages(session):
    make_ticket(session)
    worker = make_worker(session)
    WorkerType.named(session, PROJECT, "implementation").performed_by = "person"

    assert pipeline.claim_next(session, worker.worker_id) is None


def test_a_ticket_that_a_tool_inserted_can_be_claimed(session):
    make_project(session)
    session.execute(
        text(
            "INSERT INTO tickets (ticket_id, project_id, title, execution_plan)"
            " VALUES ('RAW-1', 'acme/web', 'By hand', '[\"implementation\"]')"
        )
    )

    # The database's clock set `ready_at`; ours may be some microseconds behind it.
    with later(seconds=2):
        assert claim(session, make_worker(session)).ticket_id == "RAW-1"


@pytest.mark.parametrize("migrated_app", ["sqlite"], indirect=True)
def test_a_claim_walks_the_queues_index_and_sorts_nothing(session):
    """Explains the very statement that a claim sends; in another order it would sort."""
    make_ticket(session)
    connection, statement, parameters = sent_to_take(session, make_worker(session))

    steps = query_plan(connection, statement, parameters)
    assert any("INDEX ix_tickets_queue (project_id=? AND current_stage=?)" in s for s in steps)
    assert not sorts_or_scans(steps), steps
    in_another_order = statement.replace("ORDER BY tickets.priority", "ORDER BY tickets.title")
    assert sorts_or_scans(query_plan(connection, in_another_order, parameters))


def test_a_claim_sorts_nothing_though_statistics_dont_know_of_the_queue(new_database, make_app):
    """Of a queue that came a minute ago PostgreSQL would read and sort all tickets. (A database of
    its own: what others have deleted takes part in what PostgreSQL thinks.)"""
    app = make_app(new_database("postgresql"))
    with app.app_context():
        session = db.session()
        make_project(session, "acme/old")
        make_tickets(session, 50, project="acme/old")
        session.execute(text("ANALYZE tickets"))
        make_ticket(session)
        connection, statement, parameters = sent_to_take(session, make_worker(session))

        plan = "\n".join(query_plan(connection, statement, parameters))
        assert "ix_tickets_queue " in plan
        assert "Sort" not in plan
        connection.exec_driver_sql("SET LOCAL enable_sort = on")
        assert "Sort" in "\n".join(query_plan(connection, statement, parameters))


def test_a_stage_begins_after_what_blocked_it_is_closed(new_database, make_app):
    """Also when that happens just before PostgreSQL looks at the queue for the claim."""
    app = make_app(new_database("postgresql"))
    with app.app_context():
        session = db.session()
        blocker = make_ticket(session, ["review"])
        blocked = make_ticket(session)
        blocked.block_by(blocker.ticket_id, ANN)
        last_run_id = run_stage(session, blocker).run_id
        worker_id = make_worker(session).worker_id
        session.commit()

        @event.listens_for(session.connection(), "before_cursor_execute")
        def close_blocker(conn, cursor, statement, parameters, context, executemany):
            if statement.startswith("UPDATE tickets"):
                with Session(db.engine) as other:
                    StageRun.lock(other, last_run_id).complete()
                    other.commit()

        run = session.get_one(StageRun, pipeline.claim_next(session, worker_id).run_id)
        session.refresh(blocker)

        assert run.ticket_id == blocked.ticket_id
        assert run.started_at > blocker.closed_at


def sent_to_take(session, worker):
    """The connection of a claim, and what it sends to take the ticket."""
    session.flush()
    sent = []
    connection = session.connection()

    @event.listens_for(connection, "before_cursor_execute")
    def listen(conn, cursor, statement, parameters, context, executemany):
        sent.append((statement, parameters))

    assert pipeline.claim_next(session, worker.worker_id) is not None

    (update,) = [call for call in sent if call[0].startswith("UPDATE tickets")]
    return connection, *update


def query_plan(connection, statement, parameters):
    is_sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return [row[3 if is_sqlite else 0] for row in rows]


def sorts_or_scans(steps):
    return [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN")]
