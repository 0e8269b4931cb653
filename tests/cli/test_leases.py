"""`callboard expire-leases`."""

from __future__ import annotations

from datetime import timedelta

from app import clock
from app.models import Ticket
from tests.factories import make_ticket, make_worker, run_stage


def test_it_ends_overdue_leases_and_says_how_many(run, board):
    with board() as session:
        with clock.at(clock.now() - timedelta(hours=1)):
            ticket = make_ticket(session)
            run_stage(session, ticket, make_worker(session))
        ticket_id = ticket.ticket_id

    assert run("expire-leases").stdout == "1 overdue lease ended\n"
    assert run("expire-leases").stdout == "0 overdue leases ended\n"
    with board() as session:
        assert Ticket.get(session, ticket_id).claimed_by is None
