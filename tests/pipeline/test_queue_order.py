"""The order of a queue: what a person moved to the top is claimed next."""

import pytest
from sqlalchemy import select, text

from app.errors import Conflict, Invalid
from app.events.wording import sentence
from app.models import Event, Ticket
from tests.factories import ANN, claim, make_ticket, make_worker, undone
from tests.records import later


def make_queue(session, count=4, **values):
    """Tickets in one queue, the oldest first."""
    return [make_ticket(session, **values) for _ in range(count)]


def order(session):
    """The ids in the order in which workers get them."""
    got: list[str] = []
    while True:
        worker = make_worker(session)
        session.flush()
        waiting = session.scalar(
            text(
                "SELECT count(*) FROM tickets WHERE claimed_by IS NULL AND state = 'open'"
                " AND current_stage = 'implementation'"
            )
        )
        if not waiting:
            return got
        got.append(claim(session, worker).ticket_id)


MOVES_OF_C = {
    ("top", ""): "CABD",
    ("up", ""): "ACBD",
    ("down", ""): "ABDC",
    ("bottom", ""): "ABDC",
    ("before", "A"): "CABD",
    ("before", "B"): "ACBD",
    ("after", "A"): "ACBD",
    ("after", "D"): "ABDC",
    ("before", "D"): "ABCD",
    ("after", "B"): "ABCD",
}


def test_what_stands_on_top_is_claimed_next(session):
    tickets = dict(zip("ABCD", make_queue(session), strict=True))
    ids = {letter: ticket.ticket_id for letter, ticket in tickets.items()}
    letters = {ticket_id: letter for letter, ticket_id in ids.items()}
    found = {}
    for place, beside in MOVES_OF_C:
        with undone(session):
            tickets["C"].move_in_queue(place, ANN, ids.get(beside, ""))
            session.flush()
            found[place, beside] = "".join(letters[ticket_id] for ticket_id in order(session))
    assert found == MOVES_OF_C


def test_a_move_writes_one_ticket_and_an_event(session):
    first, *_, last = make_queue(session)
    ranks = dict(session.execute(select(Ticket.ticket_id, Ticket.queue_rank)).all())
    last.move_in_queue("before", ANN, first.ticket_id)
    session.flush()

    now = dict(session.execute(select(Ticket.ticket_id, Ticket.queue_rank)).all())
    assert {key for key in now if now[key] != ranks[key]} == {last.ticket_id}
    told = session.scalars(select(Event).where(Event.event_type == "ticket_edited")).one()
    assert (told.actor, told.processed) == ("ann", True)
    assert sentence(told) == f"ann moved {last.ticket_id} before {first.ticket_id} in its queue"


def test_what_stands_there_already_is_no_change(session):
    first, second, last = make_queue(session, 3)
    first.move_in_queue("top", ANN)
    first.move_in_queue("up", ANN)
    last.move_in_queue("bottom", ANN)
    last.move_in_queue("down", ANN)
    second.move_in_queue("after", ANN, first.ticket_id)
    second.move_in_queue("before", ANN, last.ticket_id)

    assert not session.scalars(select(Event).where(Event.event_type == "ticket_edited")).all()


def test_where_no_room_is_left_those_in_front_are_spread(session):
    tickets = make_queue(session, 5)
    for ticket in tickets:
        ticket.queue_rank = 7
    session.flush()
    a, b, c, d, e = tickets
    e.move_in_queue("before", ANN, c.ticket_id)
    d.move_in_queue("after", ANN, a.ticket_id)
    session.flush()

    assert order(session) == [t.ticket_id for t in (a, d, b, e, c)]


def test_priority_goes_first(session):
    urgent = make_ticket(session, priority=0)
    low, other = make_queue(session, 2, priority=3)
    other.move_in_queue("top", ANN)
    with pytest.raises(Conflict, match="priority"):
        low.move_in_queue("before", ANN, urgent.ticket_id)
    session.flush()

    assert order(session) == [urgent.ticket_id, other.ticket_id, low.ticket_id]


def test_a_new_ticket_comes_last_even_behind_one_that_was_moved_to_the_end(session):
    first, second = make_queue(session, 2)
    first.move_in_queue("bottom", ANN)
    with later(minutes=1):
        new = make_ticket(session)
        session.flush()

        assert order(session) == [second.ticket_id, first.ticket_id, new.ticket_id]


def test_a_ticket_that_a_tool_inserted_comes_last(session):
    with later(minutes=-5):
        first = make_ticket(session)
    session.execute(
        text(
            "INSERT INTO tickets (ticket_id, project_id, title, execution_plan)"
            " VALUES ('RAW-1', 'acme/web', 'By hand', '[\"implementation\"]')"
        )
    )
    with later(seconds=2):
        assert order(session) == [first.ticket_id, "RAW-1"]


@pytest.mark.parametrize("state", ["running", "on hold", "closed", "blocked"])
def test_only_what_is_queued_can_be_moved(session, state):
    ticket, other = make_queue(session, 2)
    if state == "running":
        claim(session, make_worker(session))
    elif state == "on hold":
        ticket.hold(ANN)
    elif state == "closed":
        ticket.stop(ANN)
    else:
        ticket.block_by(other.ticket_id, ANN)
    session.flush()

    with pytest.raises(Conflict):
        ticket.move_in_queue("top", ANN)
    with pytest.raises(Conflict):
        other.move_in_queue("before", ANN, ticket.ticket_id)


def test_only_tickets_of_the_same_queue_are_neighbours(session):
    ticket = make_ticket(session)
    elsewhere = make_ticket(session, project="acme/other")
    review = make_ticket(session, ["review"])

    with pytest.raises(Invalid, match="has no ticket"):
        ticket.move_in_queue("before", ANN, elsewhere.ticket_id)
    with pytest.raises(Conflict, match="isn't in the queue"):
        ticket.move_in_queue("before", ANN, review.ticket_id)
    with pytest.raises(Invalid, match="another"):
        ticket.move_in_queue("before", ANN, ticket.ticket_id)
