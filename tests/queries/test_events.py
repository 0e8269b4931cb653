"""Lists and feeds of events find what was asked for, whichever index leads to it."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import clock
from app.models import Event
from app.queries.events.feed import events_after
from app.queries.events.filter import COUNTED, EventFilter
from app.queries.events.list import count_events, event_page
from app.visibility import Visibility
from tests.factories import PROJECT, make_project, make_ticket, make_worker

OTHER, TICKET, WORKER = "acme/other", "P-of-events", "w-of-events"
VISIBILITIES = {
    "all": Visibility.everything(),
    "all but one": Visibility(hidden=frozenset({OTHER})),
    "one": Visibility(only=PROJECT),
}
FILTERS = [
    EventFilter(attention, processed, event_type, project, **of)
    for attention, processed, event_type, project, of in product(
        (False, True),
        (None, False, True),
        ("", "ticket_held"),
        ("", PROJECT, OTHER),
        ({}, {"ticket": TICKET}, {"worker": WORKER}),
    )
]


@pytest.fixture
def events(session: Session) -> list[Event]:
    """Events of each kind. The oldest are all processed, the newest held tickets of one project."""
    make_project(session, OTHER)
    make_ticket(session, ticket_id=TICKET)
    make_worker(session, worker_id=WORKER)
    rows: list[dict[str, object]] = [
        {
            "event_type": "ticket_held" if number > 50 or number % 9 == 4 else "ticket_closed",
            "project_id": PROJECT if number > 40 else (OTHER, PROJECT, None)[number % 3],
            "ticket_id": TICKET if number % 7 == 1 else None,
            "worker_id": WORKER if number % 5 < 2 else None,
            "needs_attention": number % 4 == 1,
            "processed": number < 20 or number % 2 == 0 or number % 8 == 1,
            "processed_at": clock.now() if number % 3 else None,
            "details": {},
        }
        for number in range(60)
    ]
    session.execute(insert(Event), rows)
    return list(session.scalars(select(Event).order_by(Event.id)))


@pytest.mark.parametrize("counted", [3, COUNTED])
@pytest.mark.parametrize("seen", VISIBILITIES)
def test_what_is_asked_for_is_found(
    session: Session,
    events: list[Event],
    seen: str,
    counted: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.queries.events.filter.COUNTED", counted)
    visibility, found_some = VISIBILITIES[seen], 0
    for wanted in FILTERS:
        numbers = [event.id for event in events if is_wanted(event, wanted, visibility)]
        found_some += bool(numbers)
        assert listed(session, visibility, wanted) == numbers[::-1], wanted
        after, up_to = events[9].id, events[-4].id
        part = [number for number in numbers if after < number <= up_to]
        rows = events_after(session, visibility, wanted, after=after, up_to=up_to, limit=9)
        assert [row.id for row in rows] == part[:9], wanted
    assert found_some > len(FILTERS) / 4


def is_wanted(event: Event, wanted: EventFilter, visibility: Visibility) -> bool:
    asked = (
        (wanted.event_type, event.event_type), (wanted.project, event.project_id),
        (wanted.ticket, event.ticket_id), (wanted.worker, event.worker_id),
    )  # fmt: skip
    return (
        visibility.sees(event.project_id)
        and all(value in ("", has) for value, has in asked)
        and wanted.processed in (None, event.processed)
        and (event.needs_attention or not wanted.only_attention)
    )


def listed(session: Session, visibility: Visibility, wanted: EventFilter) -> list[int]:
    """All events of a list, page by page."""
    page = event_page(session, visibility, wanted, size=7)
    found = [row.id for row in page.rows]
    number = count_events(session, visibility, wanted, page.lead)
    while page.has_older:
        page = event_page(session, visibility, wanted, before=found[-1], size=7)
        found += [row.id for row in page.rows]
    assert len(found) == number
    return found
