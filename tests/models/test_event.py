"""Events: processed once, by whoever was first."""

import pytest

from app import pipeline
from app.actor import Actor
from app.errors import Invalid, NotFound
from app.models import Event, Ticket
from app.models.event import LOGGED_ONLY
from app.visibility import Visibility
from tests.factories import ANN, make_ticket, run_stage
from tests.records import events

BOB = Actor.person("bob")
ALL = Visibility.everything()


@pytest.fixture
def event(session):
    make_ticket(session)
    return events(session, event_type="ticket_created")[0]


def test_processing_keeps_who_when_and_how(session, event):
    event.process(ANN, " Looked\r\nat it ")

    assert (event.processed, event.processed_by) == (True, "ann")
    assert event.processed_at is not None
    assert event.resolution_summary == "Looked\nat it"


def test_a_note_is_optional(session, event):
    event.process(ANN)

    assert (event.processed, event.resolution_summary) == (True, None)


def test_the_first_to_process_stays_on_record(session, event):
    event.process(ANN, "mine")
    event.process(BOB, "no, mine")

    assert (event.processed_by, event.resolution_summary) == ("ann", "mine")


def test_a_note_too_long_is_refused_and_the_event_stays_open(session, event):
    with pytest.raises(Invalid) as refusal:
        event.process(ANN, "x" * 4_001)

    assert refusal.value.field == "note"
    assert not event.processed


def test_many_events_are_processed_with_one_note(session):
    for _ in range(3):
        make_ticket(session)
    first, second, third = events(session, event_type="ticket_created")
    second.process(BOB, "earlier")
    session.flush()

    count = pipeline.process_events(session, ALL, [first.id, second.id, 4711], ANN, "done")

    assert count == 1
    assert (first.processed_by, second.processed_by, third.processed) == ("ann", "bob", False)


def test_no_events_to_process_is_nothing_to_do(session, event):
    assert pipeline.process_events(session, ALL, [], ANN, "") == 0


def test_facts_that_ask_nothing_of_anyone_are_processed_from_the_start(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).release()

    open_types = {e.event_type for e in events(session, processed=False)}
    done_types = {e.event_type for e in events(session, processed=True)}
    assert done_types == {"ticket_stage_started", "ticket_stage_released"}
    assert done_types <= LOGGED_ONLY
    assert open_types == {"ticket_created", "worker_started"}


def test_events_outlive_their_ticket(session, event):
    session.delete(Ticket.get(session, event.ticket_id))
    session.flush()
    session.refresh(event)

    assert event.ticket_id == "WEB-1"


def test_an_unknown_event_is_not_found(session):
    with pytest.raises(NotFound, match="no event 4711"):
        Event.get(session, 4711)
