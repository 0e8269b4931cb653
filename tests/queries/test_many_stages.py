"""Lists sorted by stage and then by something else, however many names stages have."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app import clock
from app.models import Project, Ticket
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.tickets.list import list_tickets
from app.visibility import Visibility
from tests.statements import counting_queries

TICKETS = 240
QUERIES = (
    "sort:stage,-updated",
    "sort:-stage,title",
    "is:all sort:stage,title",
    "is:all -stage:s-001 sort:-stage,updated",
    "project:acme/api sort:stage,id",
    "is:open stage:s-000,s-002 sort:-stage,-id",
)
STATEMENTS = 5
"""The totals; then the stages, how many stand at each, those of stages with few, and with many."""


def fill(session, names):
    """Tickets at so many stages, one of which has a third of them all; a tenth is closed."""
    projects = ("acme/api", "acme/web")
    rows = [{"repository_name": name, "path": "/srv", "ticket_prefix": name[-3:]}
            for name in projects]  # fmt: skip
    session.execute(insert(Project), rows)
    now = clock.now()
    tickets = []
    for number in range(TICKETS):
        is_closed, stage = number % 10 == 3, number // 3 % names if number % 3 else names // 2
        tickets.append(
            {"ticket_id": f"T-{number}", "project_id": projects[number % 2],
             "title": f"Title {number * 7919 % 101}", "execution_plan": [f"s-{stage:03}"],
             "completed_stages": int(is_closed and number % 4 == 0),
             "state": "closed" if is_closed else "open",
             "resolution": "stopped" if is_closed else None,
             "closed_at": now if is_closed else None,
             "updated_at": now - timedelta(minutes=number * 31 % 97)}
        )  # fmt: skip
    session.execute(insert(Ticket), tickets)


def shown(session, asked):
    """The ids of each page, in order."""
    return [
        [line.ticket_id for line in page.page.items]
        for page in (
            list_tickets(session, Visibility.everything(), parse(asked), Reader(), number, 20)
            for number in (1, 2, 3)
        )
    ]


@pytest.mark.parametrize("names", [3, 60])
def test_they_come_as_few_would_in_a_fixed_number_of_statements(app, session, monkeypatch, names):
    fill(session, names)
    few = {asked: shown(session, asked) for asked in QUERIES}
    # At the one stage there are more than this, at the others fewer.
    monkeypatch.setattr("app.queries.tickets.list_pages.COUNT_CAP", 60)
    n_by_stages = 0
    for asked in QUERIES:
        assert shown(session, asked) == few[asked], asked
        for number in (1, 2, 3):
            with counting_queries(app) as sent:
                wanted = parse(asked)
                list_tickets(session, Visibility.everything(), wanted, Reader(), number, 20)
            assert len(sent) <= STATEMENTS, (asked, number)
            n_by_stages += any("FROM passed" in statement for statement in sent)
    assert n_by_stages > len(QUERIES)
