"""How the inbox is read: on each page as little in full as on the first."""

import pytest
from sqlalchemy import event, insert, update

from app import clock
from app.db.base import db
from app.models import Event, Ticket, Worker
from app.queries.inbox.list import count_items, item_page, some_items
from app.queries.paging import PAGE_SIZE
from app.visibility import Visibility
from tests.queries.test_plans import plans

EVERYTHING = Visibility.everything()
KINDS = {"ticket", "gate", "event", "silent"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inbox(request, filled_app):
    """Some hundred things that wait, of every kind and for as long as each other."""
    with filled_app(request.param).app_context():
        session = db.session()
        now = clock.now()
        asking = update(Ticket).where(Ticket.ticket_id.like("P0-1%"), Ticket.state == "on_hold")
        session.execute(asking.values(asks_since=now))
        notice = {"event_type": "worker_stopped", "project_id": "acme/p1", "created_at": now}
        notice |= {"needs_attention": True, "processed": False, "details": {}, "worker_id": "w1"}
        session.execute(insert(Event), [notice] * 30)
        session.execute(update(Worker).where(Worker.worker_id < "w2").values(expected_by=now))
        session.commit()
        yield session


@pytest.mark.parametrize(("project", "kind"), [("", ""), ("acme/p1", ""), ("", "worker")])
def test_pages_put_together_are_the_whole_list(inbox, project, kind):
    total = count_items(inbox, EVERYTHING, project, kind)
    whole = some_items(inbox, EVERYTHING, project, kind, 2_000)
    assert len(whole) == total
    pages = [
        item_page(inbox, EVERYTHING, project, kind, number).items
        for number in range(1, total // PAGE_SIZE + 3)
    ]
    assert pages[-1] == []
    found = [one for page in pages for one in page]
    assert {one.key for one in found} == {one.key for one in whole}
    assert len(found) == total
    # Of those that wait since the same moment, others may come first on a page.
    assert [one.rank[:2] for one in found] == [one.rank[:2] for one in whole]


def test_every_kind_waits_there(inbox):
    assert {one.key.split("-")[0] for one in some_items(inbox, EVERYTHING, "", "", 2_000)} == KINDS


@pytest.mark.parametrize("number", [1, 5])
def test_on_any_page_only_what_it_shows_is_read_in_full(inbox, number):
    sent = []

    def note(conn, cursor, statement, parameters, context, executemany):
        sent.append(parameters)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        shown = item_page(inbox, EVERYTHING, "", "", number).items
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(shown) == PAGE_SIZE
    count, places, *in_full = plans(inbox, item_page, EVERYTHING, "", "", number)
    assert len(in_full) == len({one.key.split("-")[0] for one in shown})
    if inbox.get_bind().dialect.name == "sqlite":
        # PostgreSQL rightly reads a small table row by row; see `test_queue_plans`.
        for name in ("ix_tickets_asking", "ix_tickets_queue_age", "ix_events_inbox"):
            assert name in places
    assert "comments" not in count + places
    # The ids of the page, and what statements have besides.
    assert sum(map(len, sent[2:])) < PAGE_SIZE + 20
