"""By which index the databases find events of which several things are asked, with and without
statistics."""

import re

import pytest
from sqlalchemy import insert, select, text

from app import clock
from app.db.base import db
from app.models import Event, Ticket
from app.queries.events.feed import events_after
from app.queries.events.filter import EventFilter
from app.queries.events.list import count_events, event_page
from app.visibility import Visibility
from tests.queries.filling import TICKETS
from tests.queries.test_plans import SCANS, plans

EVERYTHING = Visibility.everything()
P0 = "acme/p0"
EVENTS_INDEX = re.compile(r"\bix_events_\w+")
TYPE, OF_PROJECT = "ix_events_event_type_id", "ix_events_project_id_id"
OPEN, INBOX, ANSWERED = "ix_events_unprocessed", "ix_events_inbox", "ix_events_answered"
LEADS = (
    (EventFilter(processed=False, event_type="ticket_created"), OPEN),
    (EventFilter(processed=False, project=P0), OPEN),
    (EventFilter(processed=False, event_type="ticket_stage_completed", project=P0), OPEN),
    (EventFilter(processed=False, event_type="ticket_held"), TYPE),
    (EventFilter(event_type="ticket_held", project=P0), TYPE),
    (EventFilter(event_type="ticket_stage_returned", project=P0), TYPE),
    (EventFilter(event_type="ticket_stage_returned", project=P0, processed=True), TYPE),
    (EventFilter(event_type="ticket_stage_completed", project=P0), OF_PROJECT),
    (EventFilter(event_type="ticket_stage_completed", project=P0, processed=True), OF_PROJECT),
    (EventFilter(event_type="ticket_created", project="acme/none"), OF_PROJECT),
    (EventFilter(True, False, event_type="ticket_created"), INBOX),
    (EventFilter(True, False, project=P0), INBOX),
    (EventFilter(True, True), ANSWERED),
    (EventFilter(True, True, event_type="ticket_created", project=P0), ANSWERED),
)


@pytest.fixture(autouse=True)
def little_is_counted(monkeypatch):
    monkeypatch.setattr("app.queries.events.filter.COUNTED", 500)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, filled_app):
    """A board on which most was dealt with."""
    return with_events(filled_app(request.param), "VACUUM events")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def analyzed(request, filled_app):
    return with_events(filled_app(request.param), "VACUUM ANALYZE events")


def with_events(app, vacuum):
    """PostgreSQL has to know which pages hold only what everybody sees; that isn't statistics."""
    with app.app_context():
        add_events(db.session())
        db.session.commit()
        with db.engine.connect() as connection:
            own = connection.execution_options(isolation_level="AUTOCOMMIT")
            if connection.dialect.name == "postgresql":
                own.execute(text(vacuum))
            elif "ANALYZE" in vacuum:
                own.execute(text("ANALYZE"))
    return app


def add_events(session):
    """Six thousand each of two types; few of others, and few that call for somebody."""
    types = "ticket_created", "ticket_stage_completed"
    tickets = session.execute(
        select(Ticket.ticket_id, Ticket.project_id).order_by(Ticket.created_at)
    ).all()
    events = [
        {
            "event_type": "ticket_held" if number % 600 == 9 else types[number // 4 % 2],
            "ticket_id": ticket_id,
            "project_id": project_id,
            "needs_attention": number % 60 == 9,
            "processed": number % 120 != 9,
            "processed_at": clock.now() if number % 60 == 9 else None,
            "details": {},
        }
        for number, (ticket_id, project_id) in enumerate(tickets * 3)
    ]
    session.execute(insert(Event), events)


@pytest.mark.parametrize(("wanted", "lead"), LEADS)
def test_what_finds_fewest_leads(filled, wanted, lead):
    with filled.app_context():
        assert_led(db.session(), wanted, lead)


@pytest.mark.parametrize(("wanted", "lead"), LEADS)
def test_with_statistics_what_finds_fewest_leads(analyzed, wanted, lead):
    with analyzed.app_context():
        assert_led(db.session(), wanted, lead)


def test_calls_for_somebody_are_found_by_their_two_indexes(filled):
    with filled.app_context():
        for plan in led(db.session(), EventFilter(True)):
            assert set(EVENTS_INDEX.findall(plan)) >= {INBOX, ANSWERED}, plan
            assert not SCANS.search(plan), plan


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (EventFilter(), 1),
        (EventFilter(processed=False), 1),
        (EventFilter(event_type="ticket_held", processed=True), 1),
        (EventFilter(ticket="P0-0", processed=False), 1),
        (EventFilter(worker="w1"), 1),
        (EventFilter(worker="w1", event_type="ticket_held"), 2),
        (EventFilter(True, False), 1),
        (EventFilter(True), 2),
        (EventFilter(project=P0, event_type="ticket_held"), 2),
    ],
)
def test_only_what_is_narrowed_by_several_things_is_counted_first(filled, wanted, number):
    with filled.app_context():
        assert len(plans(db.session(), event_page, EVERYTHING, wanted)) == number


def test_a_short_part_of_a_feed_is_read_uncounted(filled):
    wanted = EventFilter(project=P0, event_type="ticket_held")
    with filled.app_context():
        assert len(plans(db.session(), feed, wanted, TICKETS + 400)) == 1


def assert_led(session, wanted, lead):
    is_frequent = lead == OF_PROJECT
    if is_frequent and session.get_bind().dialect.name == "postgresql":
        # Of small tables PostgreSQL rightly gathers some thousand rows; that it needn't is what
        # large ones depend on. With statistics it may as well meet so many by their number.
        for way in ("seqscan", "bitmapscan", "hashjoin"):
            session.execute(text(f"SET LOCAL enable_{way} = off"))
    for plan in led(session, wanted):
        assert set(EVENTS_INDEX.findall(plan)) <= {lead}, plan
        assert not SCANS.search(plan), plan
        assert lead in plan or (is_frequent and "using pk_events" in plan), plan
        assert not is_frequent or not re.search("Sort|TEMP B-TREE", plan), plan
    session.rollback()


def led(session, wanted):
    """The plans of a page, of its count, and of a feed."""
    lead = event_page(session, EVERYTHING, wanted).lead
    *_, page = plans(session, event_page, EVERYTHING, wanted)
    *_, part = plans(session, feed, wanted)
    return [page, *plans(session, count_events, EVERYTHING, wanted, lead), part]


def feed(session, wanted, up_to=10**9):
    events_after(session, EVERYTHING, wanted, after=TICKETS, up_to=up_to, limit=51)
