"""Dependencies: a ticket waits until those that block it are closed."""

from itertools import pairwise

import pytest

from app import pipeline
from app.errors import Conflict, Invalid
from app.models import TicketDependency
from tests.factories import ANN, claim, make_ticket, make_worker, run_stage
from tests.records import event_types, events, later


def chain(session, length):
    """Tickets of which each waits for the one before it."""
    tickets = [make_ticket(session) for _ in range(length)]
    for before, after in pairwise(tickets):
        after.block_by(before.ticket_id, ANN)
    session.flush()
    return tickets


def test_a_blocked_ticket_is_claimed_by_nobody(session):
    blocker, ticket = chain(session, 2)
    worker = make_worker(session)

    assert ticket.open_blockers == 1
    assert claim(session, worker).ticket_id == blocker.ticket_id
    assert pipeline.claim_next(session, make_worker(session).worker_id) is None


def test_both_tickets_know_of_the_dependency(session):
    blocker, ticket = chain(session, 2)

    assert TicketDependency.is_blocked_by(session, ticket.ticket_id, blocker.ticket_id)
    assert not TicketDependency.is_blocked_by(session, blocker.ticket_id, ticket.ticket_id)
    (event,) = events(session, event_type="ticket_dependency_changed")
    assert (event.ticket_id, event.reason) == ("WEB-2", None)
    assert event.details == {"cause": "added", "blocked_by": ["WEB-1"]}


@pytest.mark.parametrize("ending", ["stopped", "completed"])
def test_closing_the_last_blocker_frees_the_ticket(session, ending):
    blocker, ticket = chain(session, 2)

    with later(hours=1):
        if ending == "stopped":
            blocker.stop(ANN)
        else:
            for _ in range(2):
                run_stage(session, blocker).complete()
        session.flush()
        session.refresh(ticket)

        assert blocker.resolution == ending
        assert ticket.open_blockers == 0
        assert ticket.ready_at > ticket.created_at, "it waited for the blocker, not for a worker"
        assert claim(session, make_worker(session)).ticket_id == ticket.ticket_id
    assert event_types(session, ticket)[1:3] == ["ticket_dependency_changed"] * 2


def test_a_ticket_waits_for_all_of_its_blockers(session):
    first, second, ticket = (make_ticket(session) for _ in range(3))
    for blocker in (first, second):
        ticket.block_by(blocker.ticket_id, ANN)
    first.stop(ANN)
    session.flush()
    assert ticket.open_blockers == 1

    second.stop(ANN)
    session.flush()
    assert ticket.open_blockers == 0


def test_one_blocker_frees_all_that_wait_for_it(session):
    blocker, *waiting = (make_ticket(session) for _ in range(4))
    for ticket in waiting:
        ticket.block_by(blocker.ticket_id, ANN)
    blocker.stop(ANN)
    session.flush()

    assert [ticket.open_blockers for ticket in waiting] == [0, 0, 0]


def test_reopening_a_blocker_blocks_again(session):
    blocker, ticket = chain(session, 2)
    blocker.stop(ANN)
    blocker.reopen(ANN)
    session.flush()

    assert ticket.open_blockers == 1
    told = events(session, ticket_id=ticket.ticket_id)[-1].details
    assert told == {"cause": "blocker_reopened", "blocked_by": [blocker.ticket_id]}


def test_a_run_that_goes_on_may_finish_when_its_blocker_reopens(session):
    blocker, ticket = chain(session, 2)
    blocker.stop(ANN)
    run = run_stage(session, ticket)
    blocker.reopen(ANN)

    run.complete("done")

    assert ticket.completed_stages == 1
    assert pipeline.claim_next(session, make_worker(session, "review").worker_id) is None


def test_a_blocker_that_is_closed_already_doesnt_block_until_it_reopens(session):
    blocker, ticket = make_ticket(session), make_ticket(session)
    blocker.stop(ANN)
    ticket.block_by(blocker.ticket_id, ANN)
    session.flush()
    assert ticket.open_blockers == 0

    blocker.reopen(ANN)
    session.flush()
    assert ticket.open_blockers == 1


def test_a_ticket_cant_wait_for_itself(session):
    ticket = make_ticket(session)

    with pytest.raises(Invalid, match="wait for itself") as refusal:
        ticket.block_by(ticket.ticket_id, ANN)

    assert refusal.value.field == "blocked_by_id"


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_cycle_is_refused(session, length):
    tickets = chain(session, length)

    with pytest.raises(Invalid, match="neither could ever start"):
        tickets[0].block_by(tickets[-1].ticket_id, ANN)

    assert tickets[0].open_blockers == 0


def test_a_cycle_through_closed_tickets_is_refused_too(session):
    first, second, third = chain(session, 3)
    second.stop(ANN)

    with pytest.raises(Invalid, match="neither could ever start"):
        first.block_by(third.ticket_id, ANN)


def test_two_ways_to_the_same_blocker_are_no_cycle(session):
    first, _, third = chain(session, 3)

    third.block_by(first.ticket_id, ANN)

    assert third.open_blockers == 2


@pytest.mark.parametrize("other", ["WEB-99", "API-1", ""])
def test_a_blocker_must_be_a_ticket_of_the_same_project(session, other):
    make_ticket(session, project="acme/api")
    ticket = make_ticket(session)

    with pytest.raises(Invalid, match="acme/web has no ticket") as refusal:
        ticket.block_by(other, ANN)

    assert refusal.value.field == "blocked_by_id"


def test_the_same_dependency_twice_is_a_conflict(session):
    blocker, ticket = chain(session, 2)

    with pytest.raises(Conflict, match="already waits for"):
        ticket.block_by(blocker.ticket_id, ANN)

    assert ticket.open_blockers == 1


def test_a_closed_ticket_gets_no_blockers(session):
    blocker, ticket = make_ticket(session), make_ticket(session)
    ticket.stop(ANN)

    with pytest.raises(Conflict, match="is closed"):
        ticket.block_by(blocker.ticket_id, ANN)


def test_removing_the_last_dependency_frees_the_ticket(session):
    blocker, ticket = chain(session, 2)
    ticket.unblock_from(blocker.ticket_id, ANN)
    session.flush()

    assert ticket.open_blockers == 0
    told = events(session, ticket_id=ticket.ticket_id)[-1].details
    assert told == {"cause": "removed", "blocked_by": ["WEB-1"]}
    blocker.hold(ANN)
    assert claim(session, make_worker(session)).ticket_id == ticket.ticket_id


def test_removing_a_closed_blocker_doesnt_count_it_twice(session):
    blocker, ticket = chain(session, 2)
    blocker.stop(ANN)
    session.flush()
    ticket.unblock_from(blocker.ticket_id, ANN)
    session.flush()

    assert ticket.open_blockers == 0


def test_removing_a_dependency_that_isnt_there_changes_nothing(session):
    _, ticket = chain(session, 2)
    before = event_types(session, ticket)

    ticket.unblock_from("WEB-99", ANN)

    assert ticket.open_blockers == 1
    assert event_types(session, ticket) == before


def test_a_removed_dependency_can_be_added_again_the_other_way_round(session):
    first, second = chain(session, 2)
    second.unblock_from(first.ticket_id, ANN)

    first.block_by(second.ticket_id, ANN)
    session.flush()

    assert (first.open_blockers, second.open_blockers) == (1, 0)


def test_blockers_of_a_closed_ticket_still_count_when_it_reopens(session):
    first, second, ticket = (make_ticket(session) for _ in range(3))
    for blocker in (first, second):
        ticket.block_by(blocker.ticket_id, ANN)
    ticket.stop(ANN)
    first.stop(ANN)
    ticket.reopen(ANN)
    session.flush()

    assert ticket.open_blockers == 1
