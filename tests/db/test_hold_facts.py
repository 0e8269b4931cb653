"""Since when a ticket asks is kept by the database itself, whoever writes the rows."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.db.hold_facts import HOLD_FACTS
from app.models import Event, Ticket
from app.models.event import ASKING
from tests.factories import ANN, PROJECT, claim, make_ticket, make_worker

ON_HOLD = "UPDATE tickets SET state = 'on_hold'"
HAPPENED = """INSERT INTO events (event_type, ticket_id, created_at)
  VALUES ('{}', 'WEB-1', '2026-01-0{} 00:00:00.000000+00:00')"""
TOLD, HELD = HAPPENED.format(ASKING, 1), HAPPENED.format("ticket_held", 2)
TOLD_AGAIN, CREATED = HAPPENED.format(ASKING, 3), HAPPENED.format("ticket_created", 4)


def asks_since(session):
    """Of the one ticket there is; nothing is wrong with it."""
    session.flush()
    assert HOLD_FACTS.faults(session.connection()) == []
    return session.scalar(select(Ticket.asks_since))


@pytest.mark.parametrize(
    ("statements", "day"),
    [
        ([TOLD], None),
        ([ON_HOLD, TOLD], 1),
        ([TOLD, ON_HOLD], 1),
        ([ON_HOLD, TOLD, HELD], None),
        ([TOLD, HELD, ON_HOLD], None),
        ([HELD, ON_HOLD, TOLD_AGAIN, CREATED], 3),
        ([ON_HOLD, TOLD, "UPDATE tickets SET state = 'open'"], None),
        ([ON_HOLD, TOLD, "UPDATE tickets SET updated_at = created_at", ON_HOLD], 1),
        ([TOLD, ON_HOLD, "DELETE FROM events"], 1),
        ([HELD, ON_HOLD, "DELETE FROM events"], None),
    ],
)
def test_a_ticket_of_plain_sql_asks_since_its_newest_hold(session, statements, day):
    make_ticket(session)
    for statement in statements:
        session.flush()
        session.execute(text(statement.replace("+00:00", "") if is_sqlite(session) else statement))
    found = asks_since(session)
    assert (found and found.day) == day


def test_one_of_which_no_event_tells_asks_since_it_was_changed(session):
    ticket = make_ticket(session)
    session.flush()
    session.execute(text(ON_HOLD))
    assert asks_since(session) == ticket.updated_at
    session.execute(text("DELETE FROM tickets"))
    new = f"""INSERT INTO tickets (ticket_id, project_id, title, execution_plan, state)
        VALUES ('T-1', '{PROJECT}', 'A ticket', '["review"]', 'on_hold')"""
    session.execute(text(new))
    assert asks_since(session) is not None


def test_verbs_let_a_ticket_ask_and_stop_asking(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    claim(session, worker).ask_attention("Which one?")
    asked_at = session.scalar(select(Event.created_at).where(Event.event_type == ASKING))
    assert asks_since(session) == asked_at
    ticket.resume(ANN)
    assert asks_since(session) is None
    ticket.hold(ANN)
    assert asks_since(session) is None
    ticket.resume(ANN)
    claim(session, worker).ask_attention("And which now?")
    assert asks_since(session) > asked_at
    ticket.stop(ANN)
    assert asks_since(session) is None


@pytest.mark.parametrize("missing", [*HOLD_FACTS.sqlite_triggers])
def test_what_is_missing_or_wrong_is_found_and_made_anew(session, missing):
    make_ticket(session)
    claim(session, make_worker(session)).ask_attention("Which one?")
    since = asks_since(session)
    connection = session.connection()
    table = "events" if missing == "asking_told" else "tickets"
    on_table = "" if is_sqlite(session) else f" ON {table}"
    connection.exec_driver_sql(f"DROP TRIGGER {missing}{on_table}")
    assert HOLD_FACTS.missing_parts(connection) == [missing]
    session.execute(text("UPDATE tickets SET asks_since = NULL"))
    assert HOLD_FACTS.find_strays(connection) == ["WEB-1"]
    HOLD_FACTS.rebuild(connection)
    assert asks_since(session) == since


def is_sqlite(session):
    return session.connection().dialect.name == "sqlite"
