"""Not waiting out the pause after a failed attempt; plans that moved."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.errors import Conflict, Stale
from app.models import Event, Ticket
from tests.factories import ANN, make_ticket, run_stage


def failed_ticket(session: Session) -> Ticket:
    ticket = make_ticket(session)
    run_stage(session, ticket).fail("the index didn't answer")
    session.flush()
    return ticket


def test_retry_now_ends_the_pause_and_says_so(session: Session) -> None:
    ticket = failed_ticket(session)
    assert ticket.ready_at > clock.now()
    ticket.retry_now(ANN)
    session.flush()
    assert ticket.ready_at <= clock.now()
    assert ticket.failed_attempts == 1, "the attempts that were used up stay used up"
    last = session.scalars(select(Event).order_by(Event.id.desc())).first()
    assert last is not None
    assert (last.event_type, last.actor) == ("ticket_resumed", "ann")


def test_a_ticket_that_is_ready_running_or_blocked_has_nothing_to_retry(session: Session) -> None:
    ready, blocked = make_ticket(session), make_ticket(session)
    blocked.block_by(ready.ticket_id, ANN)
    for ticket in (ready, blocked):
        with pytest.raises(Conflict):
            ticket.retry_now(ANN)
    run_stage(session, ready)
    session.refresh(ready)
    with pytest.raises(Conflict):
        ready.retry_now(ANN)


def test_a_plan_made_on_an_older_version_is_stale(session: Session) -> None:
    ticket = make_ticket(session)
    seen = ticket.version
    ticket.amend_plan(["implementation", "review", "review"], ANN, seen)
    with pytest.raises(Stale):
        ticket.amend_plan(["implementation"], ANN, seen)
    ticket.amend_plan(["implementation"], ANN, ticket.version)
    assert ticket.execution_plan == ["implementation"]


def test_running_and_done_stages_are_fixed(session: Session) -> None:
    ticket = make_ticket(session)
    assert ticket.fixed_stages == 0
    run = run_stage(session, ticket)
    session.refresh(ticket)
    assert ticket.fixed_stages == 1
    run.complete()
    assert ticket.fixed_stages == 1
