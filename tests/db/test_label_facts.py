"""What labels repeat of their tickets is kept by the database itself, whoever writes the rows."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.db.label_facts import LABEL_FACTS
from app.models import Ticket, TicketLabel
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker

LABELS = select(TicketLabel.project_id, TicketLabel.is_closed, TicketLabel.priority)
HAS_LABELS = select(Ticket.has_labels)


def said(session):
    """What each label says of its ticket."""
    session.flush()
    assert LABEL_FACTS.find_strays(session.connection()) == []
    return [tuple(row) for row in session.execute(LABELS)]


def test_labels_follow_rows_of_plain_sql(session):
    make_project(session)
    make_project(session, "acme/api")
    session.flush()
    new_ticket = f"""INSERT INTO tickets (ticket_id, project_id, title, execution_plan)
        VALUES ('T-1', '{PROJECT}', 'A ticket', '["review"]')"""
    closed = "state = 'closed', resolution = 'stopped', closed_at = created_at"
    for statement, labels, has_labels in (
        (new_ticket, [], [False]),
        ("INSERT INTO ticket_labels VALUES ('T-1', 'ui')", [(PROJECT, False, 2)], [True]),
        (f"UPDATE tickets SET {closed}", [(PROJECT, True, 2)], [True]),
        ("UPDATE tickets SET priority = 0", [(PROJECT, True, 0)], [True]),
        ("UPDATE tickets SET project_id = 'acme/api'", [("acme/api", True, 0)], [True]),
        ("DELETE FROM ticket_labels", [], [False]),
        ("DELETE FROM tickets", [], []),
    ):
        session.execute(
            text(statement.replace("labels VALUES", "labels (ticket_id, label) VALUES"))
        )
        assert said(session) == labels, statement
        assert session.scalars(HAS_LABELS).all() == has_labels, statement


def test_tickets_know_their_labels_from_the_start_and_through_edits(session):
    ticket = make_ticket(session, labels=["bug", "ui"])
    make_ticket(session)
    assert said(session) == [(PROJECT, False, 2)] * 2
    ticket.edit(ANN, labels=["ui"], priority=0)
    assert said(session) == [(PROJECT, False, 0)]
    ticket.edit(ANN, labels=[])
    assert said(session) == []


def test_a_claim_writes_to_no_label(session):
    make_ticket(session, labels=["ui"])
    worker = make_worker(session)
    session.execute(text("UPDATE ticket_labels SET priority = 3"))
    claim(session, worker)
    session.flush()
    assert session.scalars(select(TicketLabel.priority)).all() == [3], "it wasn't written anew"


@pytest.mark.parametrize("missing", [*LABEL_FACTS.sqlite_triggers])
def test_what_is_missing_or_wrong_is_found_and_made_anew(session, missing):
    make_ticket(session, labels=["ui"])
    session.flush()
    connection = session.connection()
    assert LABEL_FACTS.missing_parts(connection) == []
    table = "tickets" if missing == "label_followed" else "ticket_labels"
    on_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
    connection.exec_driver_sql(f"DROP TRIGGER {missing}{on_table}")
    assert LABEL_FACTS.missing_parts(connection) == [missing]
    for wrong in (
        "UPDATE ticket_labels SET priority = 3",
        "UPDATE ticket_labels SET is_closed = true",
        "UPDATE ticket_labels SET project_id = 'x'",
        "UPDATE tickets SET has_labels = false",
    ):
        session.execute(text(wrong))
        assert LABEL_FACTS.find_strays(connection) == ["WEB-1"], wrong
        LABEL_FACTS.rebuild(connection)
        assert LABEL_FACTS.missing_parts(connection) == []
        assert LABEL_FACTS.find_strays(connection) == []
