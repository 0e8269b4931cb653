"""How the boards are read: by indexes, by as many statements however much there is."""

import pytest
from sqlalchemy import text

from app.db.base import db
from app.queries.board import Scope, board, following_cards
from app.queries.tickets.conditions import TicketFilter
from app.visibility import Visibility
from tests.queries.test_plans import SCANS, fill, plans

EVERYTHING = Visibility.everything()
WHOLE, ONE = TicketFilter(), TicketFilter(project="acme/p1")
BOARDS = (
    (ONE, ""),
    (ONE, "priority"),
    (WHOLE, ""),
    (WHOLE, "project"),
    (WHOLE, "priority"),
    (TicketFilter(project="acme/p1", labels=("rare",)), ""),
    (TicketFilter(labels=("l3",), priority="1"), "project"),
)


@pytest.fixture(scope="module")
def filled(new_database, make_app):
    """PostgreSQL rightly reads a small table row by row; its plans are looked at in the bench."""
    app = make_app(new_database("sqlite"))
    with app.app_context():
        fill(db.session())
        db.session.commit()
    return app


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize(("wanted", "lanes"), BOARDS)
def test_no_board_reads_all_tickets(filled, wanted, lanes, analyzed):
    with filled.app_context():
        session = db.session()
        if analyzed:
            with db.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        scope = Scope.of(session, EVERYTHING, wanted, lanes)
        for plan in plans(session, board, scope):
            assert not SCANS.search(plan), plan


@pytest.mark.parametrize(("wanted", "lanes"), BOARDS[:5])
def test_a_queue_is_read_in_the_order_of_its_index(filled, wanted, lanes):
    with filled.app_context():
        session = db.session()
        scope = Scope.of(session, EVERYTHING, wanted, lanes)
        cell = next(
            cell
            for lane in board(session, scope).lanes
            for cell in lane.cells
            if cell.column.kind == "stage" and cell.count > 1
        )
        found = plans(session, following_cards, scope, cell.key, cell.cards[0].ticket_id)
        queues = [plan for plan in found if "ix_tickets_queue" in plan and "UNION" in plan]
        assert queues
        # The few that remain are put in order in Python.
        assert not any("USE TEMP B-TREE FOR ORDER BY" in plan for plan in queues[-1:])


def test_cards_that_follow_are_those_that_the_board_left_out(filled):
    with filled.app_context():
        session = db.session()
        scope = Scope.of(session, EVERYTHING, ONE)
        (lane,) = board(session, scope).lanes
        for cell in lane.cells:
            seen = [card.ticket_id for card in cell.cards]
            while len(seen) < cell.count:
                more = following_cards(session, scope, cell.key, seen[-1]).cards
                assert more
                seen += [card.ticket_id for card in more]
            assert len(seen) == len(set(seen)) == cell.count
