"""What a query's tickets are found by: an index, with and without statistics."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.db.base import db
from app.models import Ticket
from app.queries.language.compiling import conditions, parameters
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from tests.queries.test_plans import SCANS, plans

QUERIES = (
    *("is:open", "is:closed", "is:running", "is:ready", "is:blocked", "is:waiting", "is:on_hold"),
    *("is:backoff", "is:completed", "is:stopped", "is:starved", "is:running,blocked", "state:open"),
    *("project:acme/p1 is:open", "project:acme/p1 stage:review priority:1 is:open"),
    *(
        "stage:review is:open",
        "priority:urgent is:open",
        "priority:<2",
        "stage:review,none is:open",
    ),
    *("label:rare is:open", "label:l3 label:l4 is:open", "label:rare,l3 has:comments"),
    *("id:p0-8", "id:P0-8,p1-9", "parent:p0-0 is:open", "worker:w1", "ref:beads:1"),
    *("updated:<7d", "created:2020-01-01..today is:closed", "label:rare updated:<7d -is:open"),
    *("assignee:me is:open", "assignee:ann,bob", "assignee:none label:rare has:assignee"),
    *("has:children", "has:children is:closed", "has:children,parent is:open"),
    *("has:children label:rare", "plan:review label:rare", "author:me label:rare"),
    *("author:me", "author:ann,bob is:closed", "has:assignee", "has:parent is:closed"),
    *("label:none is:open", "label:none priority:0", "-label:l3,none is:closed"),
    *("label:l3 label:l4 is:all", "label:l3,l4 label:l5 is:ready", "stage:review priority:0"),
    *("label:l3 stage:review is:all", "label:l3 is:stopped", "-has:labels is:all"),
    *("has:ref,assignee", "has:ref is:closed", "closed:<7d", "closed:yesterday -is:completed"),
)


@pytest.fixture(scope="module")
def filled(filled_app):
    """On SQLite: PostgreSQL rightly reads a small table row by row."""
    return filled_app("sqlite")


@pytest.mark.parametrize("has_statistics", [False, True])
def test_no_query_reads_all_tickets(filled, has_statistics):
    with filled.app_context():
        session = db.session()
        if has_statistics:
            session.execute(text("ANALYZE"))
        for query in map(parse, QUERIES):
            for plan in plans(session, find, query):
                assert not SCANS.search(plan), (str(query), plan)


@pytest.mark.parametrize("has_statistics", [False, True])
def test_what_fewest_tickets_are_is_looked_up(filled, has_statistics):
    with filled.app_context():
        if has_statistics:
            db.session.execute(text("ANALYZE"))
        session = db.session()
        for asked, index in (
            (
                "is:open label:rare project:acme/p1",
                "COVERING INDEX ix_ticket_labels_found (label=? AND is_closed=?",
            ),
            ("is:open project:acme/p1 id:p1-1", "ix_tickets_any_case"),
            ("is:open priority:0 stage:review project:acme/p1", "ix_tickets_stage_of_project"),
            ("is:open priority:0 parent:p0-0", "ix_tickets_parent_id"),
            ("is:open project:acme/p1 assignee:me", "ix_tickets_assignee_id"),
            ("-label:rare worker:w1 is:open", "ix_tickets_claimed_by"),
            ("is:open priority:0 author:me", "ix_tickets_created_by"),
            ("is:all has:assignee", "ix_tickets_assignee_id"),
            ("is:open has:parent", "ix_tickets_parent_id"),
            ("is:open has:children", "COVERING INDEX ix_tickets_with_parts (state=?"),
            ("has:children project:acme/p1 is:closed", "COVERING INDEX ix_tickets_with_parts"),
            ("closed:yesterday", "ix_tickets_state_closed_at"),
            ("is:open label:l3 label:l4 priority:0 project:acme/p1", "MERGE (INTERSECT)"),
            ("is:open label:l3 created:<7d", "ix_tickets_open_created"),
            ("is:open label:l3 is:running", "ix_tickets_claimed_by"),
            ("is:open label:none project:acme/p1", "COVERING INDEX ix_tickets_unlabelled"),
            ("is:open stage:review priority:0", "ix_tickets_stage_of_project"),
            ("is:blocked project:acme/p1", "ix_tickets_blocked_at_stage (project_id=?"),
            ("is:stopped project:acme/p1", "ix_tickets_ended_of_project"),
            ("is:running project:acme/p1", "ix_tickets_claimed_by"),
            ("label:l3 is:stopped", "ix_tickets_stopped"),
            ("label:l3 label:l4 stage:review is:closed", "ix_tickets_closed_at_stage"),
            ("label:l3,l4 stage:review is:all", "ix_tickets_closed_at_stage (<expr>=?)"),
            ("is:waiting", "ix_tickets_queue_age"),
            ("is:starved", "ix_tickets_queue_age"),
        ):
            for plan in plans(session, find, parse(asked)):
                assert index in plan, (asked, plan)


def test_a_worker_type_is_looked_for_once_in_each_plan(filled_app):
    """Without statistics, as SQLite is: with them it would take all plans for equally frequent."""
    with filled_app("sqlite").app_context():
        for plan in plans(db.session(), find, parse("plan:nothing is:open")):
            assert "SEARCH tickets USING INDEX ix_tickets_plan (<expr>=?)" in plan
            assert not SCANS.search(plan), plan


def find(session, query):
    statement = select(Ticket.ticket_id).where(*conditions(query))
    return session.execute(statement, parameters(query, Reader("ann"))).all()
