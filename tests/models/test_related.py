"""Related tickets: linked from both ends, and nobody waits."""

import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid
from app.models import RelatedTickets
from app.queries.tickets.related import is_related_to
from tests.factories import ANN, make_ticket
from tests.records import events


def ids(found):
    return [other.ticket_id for other in found]


def test_both_tickets_know_of_each_other_and_neither_waits(session):
    one, other, third = (make_ticket(session) for _ in range(3))
    other.relate_to(one.ticket_id, ANN)
    other.relate_to(third.ticket_id, ANN)

    assert ids(is_related_to(session, "WEB-1")) == ["WEB-2"]
    assert ids(is_related_to(session, "WEB-2")) == ["WEB-1", "WEB-3"]
    assert one.open_blockers == other.open_blockers == 0
    told = events(session, event_type="ticket_dependency_changed")
    assert [(event.ticket_id, event.details) for event in told[:2]] == [
        ("WEB-2", {"cause": "related", "related": ["WEB-1"]}),
        ("WEB-1", {"cause": "related", "related": ["WEB-2"]}),
    ]


def test_a_link_is_taken_away_from_either_end(session):
    one, other = make_ticket(session), make_ticket(session)
    one.relate_to(other.ticket_id, ANN)

    other.unrelate_from(one.ticket_id, ANN)
    other.unrelate_from(one.ticket_id, ANN)

    assert not one.is_related_to(other.ticket_id)
    assert len(events(session, event_type="ticket_dependency_changed")) == 4


def test_a_link_that_makes_no_sense_is_refused(session):
    one, other = make_ticket(session), make_ticket(session)
    stranger = make_ticket(session, project="acme/api")
    one.relate_to(other.ticket_id, ANN)

    with pytest.raises(Conflict, match="related already") as refusal:
        other.relate_to(one.ticket_id, ANN)
    assert refusal.value.field == "related_id"
    for wrong in (one.ticket_id, stranger.ticket_id, "NO-1"):
        with pytest.raises(Invalid) as wrong_one:
            one.relate_to(wrong, ANN)
        assert wrong_one.value.field == "related_id"


def test_links_go_with_their_tickets(session):
    one, other = make_ticket(session), make_ticket(session)
    one.relate_to(other.ticket_id, ANN)
    session.flush()

    session.delete(one)
    session.flush()

    assert session.scalars(select(RelatedTickets)).all() == []
