"""Whether a ticket has parts is kept by the database itself, whoever writes the rows."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.db.part_facts import PART_FACTS
from app.models import Ticket
from tests.factories import ANN, PROJECT, make_project, make_ticket

WITH_PARTS = select(Ticket.ticket_id).where(Ticket.has_children).order_by(Ticket.ticket_id)


def with_parts(session):
    """The tickets that have some; nothing is wrong with any."""
    session.flush()
    assert PART_FACTS.faults(session.connection()) == []
    return session.scalars(WITH_PARTS).all()


def test_tickets_follow_parts_of_plain_sql(session):
    make_project(session)
    session.flush()
    for statement, expected in (
        (insert("A"), []),
        (insert("B"), []),
        (insert("C", "A"), ["A"]),
        (insert("D", "A"), ["A"]),
        ("UPDATE tickets SET parent_id = NULL WHERE ticket_id = 'D'", ["A"]),
        ("UPDATE tickets SET parent_id = 'B' WHERE ticket_id = 'C'", ["B"]),
        ("UPDATE tickets SET parent_id = 'C' WHERE ticket_id = 'D'", ["B", "C"]),
        ("UPDATE tickets SET parent_id = 'C', title = 'x' WHERE ticket_id = 'D'", ["B", "C"]),
        ("DELETE FROM tickets WHERE ticket_id = 'D'", ["B"]),
        ("DELETE FROM tickets WHERE ticket_id = 'B'", []),
        (insert("E", "A"), ["A"]),
        ("DELETE FROM projects", []),
    ):
        session.execute(text(statement))
        assert with_parts(session) == expected, statement
    assert session.scalars(select(Ticket.ticket_id)).all() == []


def insert(ticket_id, parent_id=None):
    parent = f"'{parent_id}'" if parent_id else "NULL"
    return f"""INSERT INTO tickets (ticket_id, project_id, title, execution_plan, parent_id)
        VALUES ('{ticket_id}', '{PROJECT}', 'A ticket', '["review"]', {parent})"""


def test_verbs_give_a_ticket_parts_and_take_them_away(session):
    parent, other = make_ticket(session), make_ticket(session)
    part = make_ticket(session, parent_id=parent.ticket_id)
    assert with_parts(session) == [parent.ticket_id]
    part.edit(ANN, parent_id=other.ticket_id)
    assert with_parts(session) == [other.ticket_id]
    part.edit(ANN, parent_id=None)
    assert with_parts(session) == []


@pytest.mark.parametrize("missing", [*PART_FACTS.sqlite_triggers])
def test_what_is_missing_or_wrong_is_found_and_made_anew(session, missing):
    make_ticket(session, parent_id=make_ticket(session).ticket_id)
    session.flush()
    connection = session.connection()
    on_table = "" if connection.dialect.name == "sqlite" else " ON tickets"
    connection.exec_driver_sql(f"DROP TRIGGER {missing}{on_table}")
    assert PART_FACTS.missing_parts(connection) == [missing]
    session.execute(text("UPDATE tickets SET has_children = NOT has_children"))
    assert PART_FACTS.find_strays(connection) == ["WEB-1", "WEB-2"]
    PART_FACTS.rebuild(connection)
    assert with_parts(session) == ["WEB-1"]
