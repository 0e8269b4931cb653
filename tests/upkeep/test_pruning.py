"""Old events go, a batch at a time; what still waits for someone stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from app import clock
from app.models import AuditEntry, Event
from tests.factories import ANN, make_project, make_ticket
from tests.records import events
from tests.statements import counting_queries

OLD = timedelta(days=100)
MANY = 1_203


@pytest.fixture
def history(board):
    """An old ticket with events, one of which is dealt with; and many old notes of the log."""
    with board() as session, clock.at(clock.now() - OLD):
        make_project(session)
        ticket = make_ticket(session)
        ticket.wait_for_attention(ANN, "implementation", "Which colour?")
        session.flush()
        events(session, event_type="ticket_created")[0].process(ANN)
    with board() as session:
        make_ticket(session)
        session.flush()
        events(session, event_type="ticket_created")[1].process(ANN)


@pytest.fixture
def long_history(board, history):
    """The same with more than fits in a batch."""
    row = {
        "event_type": "ticket_edited",
        "processed": True,
        "needs_attention": False,
        "created_at": clock.now() - OLD,
    }
    with board() as session:
        session.execute(insert(Event), [row] * MANY)


def kept(board):
    with board() as session:
        return session.scalars(select(Event.event_type).order_by(Event.id)).all()


def test_old_events_that_were_dealt_with_are_deleted(run, board, history):
    done = run("prune", "--events-older-than", "90d")

    assert done.exit_code == 0
    assert done.stdout.startswith("1 processed event of before ")
    assert kept(board) == ["ticket_attention_requested", "ticket_created"]


def test_an_old_call_for_attention_stays_until_someone_answers(run, board, history):
    run("prune", "--events-older-than", "1h")
    assert "ticket_attention_requested" in kept(board)

    with board() as session:
        events(session, event_type="ticket_attention_requested")[0].process(ANN)
    run("prune", "--events-older-than", "1h")

    assert "ticket_attention_requested" not in kept(board)


def test_a_dry_run_only_counts(run, board, long_history):
    before = kept(board)

    done = run("prune", "--events-older-than", "90d", "--dry-run")

    assert done.stdout.startswith(f"{MANY + 1:,} processed events of before ")
    assert kept(board) == before


def test_more_than_one_batch_is_deleted_and_the_audit_says_so(run, board, long_history):
    done = run("prune", "--events-older-than", "12w")

    assert done.stdout.startswith(f"{MANY + 1:,} processed events of before ")
    assert kept(board) == ["ticket_attention_requested", "ticket_created"]
    with board() as session:
        entry = session.scalars(select(AuditEntry).filter_by(action="events_pruned")).one()
        assert entry.details == {"number": MANY + 1}
        assert entry.actor_kind == "operator"


def test_each_batch_is_one_statement(run, app, long_history):
    with counting_queries(app) as sent:
        run("prune", "--events-older-than", "90d")

    # The count, two batches of 500, the rest, and the one that finds no more.
    assert len([statement for statement in sent if " events" in statement]) == 5


def test_numbers_of_deleted_events_are_not_given_again(run, board, long_history):
    with board() as session:
        last = session.scalar(select(func.max(Event.id)))
    run("prune", "--events-older-than", "90d")

    with board() as session:
        make_ticket(session)
        session.flush()
        assert session.scalar(select(func.max(Event.id))) > last


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ((), "Say what to delete: --events-older-than 90d."),
        (("--events-older-than", "long"), "long isn't a time such as 12h, 90d or 4w."),
    ],
)
def test_a_wrong_call_is_explained(run, options, line):
    done = run("prune", *options)

    assert done.exit_code == 2
    assert line in done.stderr
