"""How PostgreSQL counts and finds what stands in queues, before and after it has statistics. (What
SQLite does stands in `test_plans`.)"""

import re

import pytest
from sqlalchemy import event, text

from app.db.base import db
from app.db.engine import PREPARED_AFTER
from app.db.transactions import reading
from app.queries.dashboard import load
from app.queries.inbox.list import item_page
from app.queries.navigation import navigation
from app.queries.projects.list import overviews
from app.queries.queues import first_of_queues, queue_status
from app.visibility import Visibility
from tests.queries.test_plans import SCANS, plans

EVERYTHING = Visibility.everything()
READERS = (queue_status, first_of_queues, navigation, item_page)


@pytest.fixture(scope="module")
def filled(filled_app):
    return filled_app("postgresql")


@pytest.mark.parametrize("has_statistics", [False, True])
@pytest.mark.parametrize("read", READERS)
def test_what_stands_in_queues_is_read_by_indexes(filled, read, has_statistics):
    """Of a small table PostgreSQL rightly reads all rows; that it needn't is what a large one
    depends on."""
    with filled.app_context():
        session = db.session()
        if has_statistics:
            session.execute(text("ANALYZE"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for plan in plans(session, read, EVERYTHING):
            assert not SCANS.search(plan), plan
        session.rollback()


@pytest.mark.parametrize("has_statistics", [False, True])
def test_what_asks_is_read_in_the_order_of_its_index(filled, has_statistics):
    with filled.app_context():
        session = db.session()
        if has_statistics:
            session.execute(text("ANALYZE"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        for project in ("", "acme/p1"):
            found = plans(session, item_page, EVERYTHING, project)
            assert sum("ix_tickets_asking" in plan for plan in found) == 2, found
            (first,) = [plan for plan in found if "CTE last" in plan]
            assert re.search(r"Index Cond: .*current_stage = .*ready_at <= \(Init", first), first
            assert "Index Only Scan using ix_events_inbox" in first, first
        session.rollback()


def test_what_is_asked_of_all_that_somebody_may_see_is_planned_once(filled):
    """Of the values of one day PostgreSQL without statistics believes that few are of it."""
    with filled.app_context():
        for _ in range(PREPARED_AFTER + 2):
            with reading() as session:
                for read in (load, overviews, item_page, queue_status):
                    read(session, EVERYTHING)
        with reading() as session:
            kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    for words in (
        "AS has_project",
        "WITH RECURSIVE places",
        "date_part('epoch', tickets.closed_at",
        "AS sent_back",
        "worker_types.performed_by, projects.archived_at",
        "projects.members_only",
        "WITH urgent",
    ):
        assert any(words in statement for statement in kept), words


def test_queues_are_counted_less_far_the_more_there_are(filled):
    with filled.app_context():
        session = db.session()
        before = queue_status(session, EVERYTHING)
        assert {queue.cap for queue in before} == {10_000 // len(before)}


def test_what_stands_at_gates_is_asked_for_by_one_statement_for_any_number(filled):
    with filled.app_context():
        session = db.session()
        sent = []

        def note(conn, cursor, statement, parameters, context, executemany):
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            item_page(session, EVERYTHING)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert max(map(len, sent)) < 4_000
