"""How the boards are read: by indexes, by as many statements however much there is."""

import re
from collections import Counter
from contextlib import contextmanager

import pytest
from sqlalchemy import event, insert, text

from app.db.base import db
from app.models import Project, Ticket, WorkerType
from app.queries.board import CARDS_MAX, Scope, board, cards, following_cards
from app.queries.board.cards import CARDS_AT_LEAST, cards_at_first
from app.queries.board.counts import CAPPED, COUNTED_AT_LEAST, counts
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.queues import empty_queues
from app.visibility import Visibility
from tests.factories import claim, make_worker, undone
from tests.queries.filling import PROJECTS
from tests.queries.test_plans import SCANS, plans

EVERYTHING = Visibility.everything()
READER = Reader("ann")
ONE = "acme/p1"
LANES = ("", "project", "priority")
BOARDS = (
    (ONE, "", ""),
    (ONE, "", "priority"),
    ("", "", ""),
    ("", "", "project"),
    ("", "", "priority"),
    (ONE, "label:rare", ""),
    ("", "label:l3 priority:high", "project"),
    ("", "project:acme/p2,acme/p3 is:mine -stage:review updated:<7d", "priority"),
    ("", "project:acme/p2 is:ready,blocked,closed has:labels", ""),
)


def scope_of(session, project="", query="", lanes=""):
    return Scope.of(session, EVERYTHING, parse(query), READER, project, lanes)


@pytest.fixture(scope="module")
def filled(filled_app):
    """PostgreSQL rightly reads a small table row by row; its plans are looked at in the bench."""
    return filled_app("sqlite")


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize(("project", "query", "lanes"), BOARDS)
def test_no_board_reads_all_tickets(filled, project, query, lanes, analyzed):
    with filled.app_context():
        session = db.session()
        if analyzed:
            with db.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        scope = scope_of(session, project, query, lanes)
        for plan in plans(session, board, scope):
            assert not SCANS.search(plan), plan


@pytest.mark.parametrize(("project", "query", "lanes"), BOARDS[:5])
def test_a_queue_is_read_in_the_order_of_its_index(filled, project, query, lanes):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, project, query, lanes)
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


@contextmanager
def sent():
    """The statements that are sent meanwhile."""
    found = []

    def note(conn, cursor, statement, parameters, context, executemany):
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_label_is_asked_for_at_each_ticket_that_is_met(filled):
    """With statistics SQLite would rather find all that have it, for each queue anew. It needs a
    hundred times as many tickets to think so; that it can't is said by the `+`."""
    with filled.app_context(), sent() as statements:
        board(db.session(), scope_of(db.session(), "", "label:l3"))
        (cards,) = [statement for statement in statements if "row_number() OVER" in statement]
        assert "+tickets.ticket_id IN (SELECT found.ticket_id" in cards
        assert " tickets.ticket_id IN (SELECT found.ticket_id" not in cards
        assert cards.count("FROM ticket_labels \nWHERE ticket_labels.label = ?") == 1


def test_what_is_on_hold_or_done_is_not_counted_in_the_order_of_priorities(filled):
    """Likewise: it would go through all tickets in that order."""
    with filled.app_context(), sent() as statements:
        list(counts(db.session(), scope_of(db.session(), "", "", "priority"), 1))
        assert statements[-1].count("GROUP BY +tickets.priority") == 2


def test_cards_that_follow_are_those_that_the_board_left_out(filled):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, ONE)
        (lane,) = board(session, scope).lanes
        for cell in lane.cells:
            seen = [card.ticket_id for card in cell.cards]
            while len(seen) < cell.count:
                more = following_cards(session, scope, cell.key, seen[-1]).cards
                assert more
                seen += [card.ticket_id for card in more]
            assert len(seen) == len(set(seen)) == cell.count


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [([500] * 8, 20), ([500] * 18, 20), ([500] * 40, 9), ([500] * 36 + [1] * 36, 9),
     ([2] * 170, 20), ([500] * 160, 3), ([], 20)],
)  # fmt: skip
def test_cells_share_the_cards_of_a_board(numbers, shown):
    assert cards_at_first(numbers) == shown


@contextmanager
def few_at_work(session):
    """More run in one cell than each shows where cells share few cards."""
    with undone(session):
        for _ in range(CARDS_AT_LEAST + 2):
            claim(session, make_worker(session, "review", ONE))
        yield
    session.rollback()


@pytest.mark.parametrize("lanes", ["project", "priority"])
def test_where_cells_share_few_cards_all_that_run_are_shown_and_the_others_follow(
    filled, monkeypatch, lanes
):
    monkeypatch.setattr("app.queries.board.cards.CARDS_IN_ALL", 0)
    with filled.app_context(), few_at_work(db.session()):
        session = db.session()
        scope = scope_of(session, "", "", lanes)
        cells = cells_of(session, scope)
        most_at_work = 0
        for key, cell in cells.items():
            at_work = sum(card.situation == "running" for card in cell.cards)
            assert len(cell.cards) == min(cell.count, max(CARDS_AT_LEAST, at_work + 1))
            most_at_work = max(most_at_work, at_work)
            seen = [card.ticket_id for card in cell.cards]
            while seen and (more := following_cards(session, scope, key, seen[-1]).cards):
                seen += [card.ticket_id for card in more]
            assert len(seen) == len(set(seen)) == cell.count
        assert most_at_work > CARDS_AT_LEAST


def test_a_board_that_is_drawn_anew_shows_as_many_cards_as_before(filled):
    with filled.app_context(), few_at_work(db.session()):
        session = db.session()
        scope = scope_of(session, ONE)
        shown = {key: len(cell.cards) for key, cell in cells_of(session, scope).items()}
        (lane,) = board(session, scope, shown).lanes
        assert {cell.key: len(cell.cards) for cell in lane.cells} == shown


def test_what_is_counted_only_so_far_can_be_scrolled_through_as_well(filled, monkeypatch):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, ONE)
        whole = cells_of(session, scope)
        monkeypatch.setattr("app.queries.board.counts.shared_cap", lambda *_: 10)
        cut = cells_of(session, scope)
        assert any(cell.is_cut for cell in cut.values())
        for key, cell in cut.items():
            assert not whole[key].is_cut
            assert cell.count == whole[key].count or (cell.is_cut and cell.hidden)
            seen = [card.ticket_id for card in cell.cards]
            while seen and (more := following_cards(session, scope, key, seen[-1]).cards):
                seen += [card.ticket_id for card in more]
            assert len(seen) == whole[key].count


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("project", ["", ONE])
@pytest.mark.parametrize(
    "query",
    ["label:l3", "label:rare", "label:l3,l4 -is:blocked", "label:l3 label:rare", "label:none",
     "is:closed label:l3", "priority:urgent,low label:l4 -label:rare", "is:on_hold,ready label:l7",
     "created:<3d", "updated:>2d -is:blocked", "has:children", "has:parent priority:0",
     "is:blocked", "stage:review", "is:mine", "is:running,waiting", "closed:<3d",
     "thing -label:l3"],
)  # fmt: skip
@pytest.mark.parametrize("database", ["filled", "filled_postgresql"])
def test_few_tickets_are_shown_as_some_of_many_would_be(
    request, monkeypatch, database, query, project, lanes
):
    with request.getfixturevalue(database).app_context():
        session = db.session()
        few = scope_of(session, project, query, lanes)
        monkeypatch.setattr("app.queries.board.scope.SOME", 0)
        monkeypatch.setattr("app.queries.board.scope.FEW", 0)
        some = scope_of(session, project, query, lanes)
        monkeypatch.setattr("app.queries.board.scope.RARE", 0)
        many = scope_of(session, project, query, lanes)
        assert (few.has_few, some.has_few, many.has_few) == (True, False, False)
        assert bool(some.found_max) == (query in TOLD_BY_AN_INDEX)
        assert not many.found_max
        monkeypatch.setattr("app.queries.board.counts.COUNTED_OF_SOME", 10_000)
        assert board(session, few) == board(session, some) == board(session, many)


TOLD_BY_AN_INDEX = (
    *("label:l3", "label:rare", "label:l3 label:rare", "label:none", "created:<3d", "has:children"),
    *("is:blocked", "stage:review", "is:running,waiting", "thing -label:l3"),
)


@pytest.mark.parametrize(("project", "lanes"), [("", ""), ("", "priority"), (ONE, "")])
def test_few_tickets_with_a_label_are_counted_without_going_through_queues(filled, project, lanes):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, project, "label:rare", lanes)
        n_queues = len(empty_queues(session, scope.visibility))
        (plan,) = plans(session, lambda *given: list(counts(*given)), scope, n_queues)
        open_, _ = plan.split("UNION ALL", 1)
        by_id = "SEARCH tickets USING INDEX sqlite_autoindex_tickets_1 (ticket_id=?)"
        assert re.findall(r"(?:SEARCH|SCAN) tickets\b.*", open_) == [by_id]
        assert "ix_tickets_queue" not in plan


@pytest.mark.parametrize("query", ["", "-label:l3"])
@pytest.mark.parametrize("database", ["filled", "filled_postgresql"])
def test_of_many_queues_of_a_priority_only_those_are_looked_into_that_have_the_first(
    request, monkeypatch, database, query
):
    monkeypatch.setattr("app.queries.board.cards.CARDS_IN_ALL", 0)
    with request.getfixturevalue(database).app_context():
        session = db.session()
        session.execute(text(MIXED))
        scope = scope_of(session, "", query, "priority")
        asked = []

        def first_cards(session, scope, parts, limits):
            asked.extend(parts.values())
            return cards.first_cards(session, scope, parts, limits)

        monkeypatch.setattr("app.queries.board.layout.first_cards", first_cards)
        few = cells_of(session, scope)
        assert max(map(len, asked)) == CARDS_AT_LEAST < PROJECTS
        shown = dict.fromkeys(few, CARDS_MAX)
        whole = cells_of(session, scope, shown)
        for key, cell in few.items():
            assert cell.cards == whole[key].cards[: len(cell.cards)]
        session.rollback()


MIXED = """UPDATE tickets SET queue_rank = CAST(substr(title, 7) AS INTEGER),
    priority = CAST(substr(ticket_id, length(ticket_id) - 1, 1) AS INTEGER) % 4
WHERE ticket_id LIKE 'P_-__%'"""
"""Each project has tickets of each priority, of which none was added before another."""


@pytest.mark.parametrize("lanes", ["", "project"])
def test_what_is_on_hold_or_done_is_counted_by_an_index_alone(filled, lanes):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, "", "", lanes)
        (plan,) = plans(session, lambda *given: list(counts(*given)), scope, 1)
        assert plan.count("SEARCH tickets USING COVERING INDEX ix_tickets_project_id_state") == 2


@pytest.mark.parametrize("query", ["", "label:l3"])
def test_columns_say_the_same_whatever_the_lanes(filled, query):
    with filled.app_context(), few_at_work(db.session()):
        session = db.session()
        found = [board(session, scope_of(session, "", query, lanes)) for lanes in LANES]
        assert all(one.columns == found[0].columns for one in found)
        assert any(column.oldest for column in found[0].columns)


def test_postgresql_reads_a_labels_tickets_once_for_all_columns(filled_postgresql):
    with filled_postgresql.app_context():
        session = db.session()
        found = plans(session, board, scope_of(session, "", "label:l3"))
        (cards,) = [plan for plan in found if "WindowAgg" in plan]
        assert "hashed SubPlan" in cards
        assert "Semi Join" not in cards


@pytest.mark.parametrize("database", ["filled", "filled_postgresql"])
def test_what_was_closed_of_a_priority_isnt_looked_for_among_all_of_it(request, database):
    with request.getfixturevalue(database).app_context():
        session = db.session()
        if database == "filled_postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        for plan in plans(session, board, scope_of(session, "", "", "priority")):
            assert not re.search(r"ix_tickets_\w*priority", plan), plan
        session.rollback()


def test_what_was_closed_is_met_in_order_until_enough_are_of_the_priority(filled_postgresql):
    with filled_postgresql.app_context():
        session = db.session()
        found = plans(session, board, scope_of(session, "", "", "priority"))
        (cards,) = [plan for plan in found if "WindowAgg" in plan]
        # Of a plain comparison PostgreSQL believes that so few meet it that it sorts them all.
        assert len(re.findall(r"Filter: .*CASE WHEN \(.*priority.* = ", cards)) == 2


def test_what_runs_is_read_once(filled):
    with filled.app_context():
        sent = statements(db.session())
        assert sum("JOIN tickets ON tickets.ticket_id = stage_runs" in one for one in sent) == 1


def test_many_places_are_counted_less_far(filled):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, "", "", "priority")
        found = [one for one in counts(session, scope, 10_000) if one.word in CAPPED]
        assert max(one.number for one in found) == COUNTED_AT_LEAST
        assert all(one.is_cut == (one.number == COUNTED_AT_LEAST) for one in found)


def test_since_when_a_stage_waits_is_looked_for_once_however_many_lanes_it_has(filled):
    with filled.app_context():
        session = db.session()
        scope = scope_of(session, "", "", "priority")
        found = list(counts(session, scope, 1))
        told = Counter((one.project_id, one.stage) for one in found if one.waits)
        queued = {(one.project_id, one.stage) for one in found if one.word == "queued"}
        assert told == Counter(dict.fromkeys(queued, 1))
        (plan,) = plans(session, lambda *given: list(counts(*given)), scope, 1)
        assert plan.count("ix_tickets_queue_age (project_id=? AND current_stage=?)") == 2


def test_what_is_blocked_comes_in_the_order_of_its_index(filled):
    with filled.app_context():
        session = db.session()
        found = plans(session, board, scope_of(session))
        ordered = (
            r"ix_tickets_blocked_at_stage \(project_id=\? AND current_stage=\?\)\n(?!USE TEMP)"
        )
        assert any(re.search(ordered, plan) for plan in found), found


@pytest.mark.parametrize("lanes", ["", "priority"])
def test_each_cell_takes_its_first_before_cards_are_numbered(filled, lanes):
    with filled.app_context():
        session = db.session()
        found = plans(session, board, scope_of(session, "", "", lanes))
        (cards,) = [plan for plan in found if "SCAN parts_queued" in plan]
        numbered, in_cell = cards.split("SCAN parts_queued", 1)
        # One after the other, from the innermost: a part's, a cell's, all that are shown.
        assert "SCAN queued" in numbered
        assert re.search(r"SCAN first\b.*\n.*CORRELATED(?:.*\n)+?.*ix_tickets_queue ", in_cell)
        assert cards.count("SCAN first") == cards.count("SCAN found") == cards.count("SCAN parts_")


@pytest.mark.parametrize("has_statistics", [False, True])
@pytest.mark.parametrize("database", ["filled", "filled_postgresql"])
def test_more_tickets_with_a_label_are_counted_in_the_order_of_queues(
    request, monkeypatch, database, has_statistics
):
    monkeypatch.setattr("app.queries.board.scope.SOME", 0)
    monkeypatch.setattr("app.queries.board.scope.FEW", 0)
    with request.getfixturevalue(database).app_context():
        session = db.session()
        if database == "filled_postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        if has_statistics:
            session.execute(text("ANALYZE"))
        scope = scope_of(session, "", "label:l3")
        n_queues = len(empty_queues(session, scope.visibility))
        (plan,) = plans(session, lambda *given: list(counts(*given)), scope, n_queues)
        # The label's tickets are read once for each part, and none of them is looked up.
        assert not re.search(r"pk_tickets|sqlite_autoindex_tickets", plan), plan
        assert len(re.findall(r"LIST SUBQUERY|hashed SubPlan", plan)) >= 5
        assert "ix_tickets_queue" in plan
        assert "ix_tickets_blocked_at_stage" in plan
        session.rollback()


def test_what_runs_is_found_by_its_runs_whatever_a_query_says(filled_postgresql):
    with filled_postgresql.app_context():
        session = db.session()
        for query in ("priority:high", "stage:review", "updated:<7d"):
            found = plans(session, board, scope_of(session, "", query))
            (running,) = [plan for plan in found if "Sort Key: stage_runs_1.started_at" in plan]
            # Of a plain comparison PostgreSQL without statistics believes that few meet it.
            assert re.search(r"Filter: .*CASE WHEN", running), running


def cells_of(session, scope, shown=None):
    return {cell.key: cell for lane in board(session, scope, shown).lanes for cell in lane.cells}


def test_a_board_of_more_projects_sends_the_same_statements(filled):
    with filled.app_context():
        session = db.session()
        before = statements(session)
        for number in range(3):
            name = f"more/p{number}"
            session.execute(
                insert(Project).values(
                    repository_name=name, path="/srv", ticket_prefix=f"M{number}"
                )
            )
            for role in ("planning", "more"):
                session.execute(
                    insert(WorkerType).values(
                        project_id=name,
                        worker_type=role,
                        short_description="",
                        system_prompt="",
                    )
                )
                one = {"ticket_id": f"M{number}-{role}", "title": role, "execution_plan": [role]}
                session.execute(insert(Ticket).values(project_id=name, **one))
        after = statements(session)
        session.rollback()
        assert before == after
        assert max(map(len, after)) < 10_000


@pytest.mark.parametrize(("project", "query", "lanes"), BOARDS)
def test_both_databases_show_the_same_board(filled, filled_postgresql, project, query, lanes):
    found = []
    for app in (filled, filled_postgresql):
        with app.app_context():
            session = db.session()
            scope = scope_of(session, project, query, lanes)
            shown = {"done": 120, "on_hold|acme/p1": 70}
            cells = [cell for lane in board(session, scope, shown).lanes for cell in lane.cells]
            found.append({cell.key: [card.ticket_id for card in cell.cards] for cell in cells})
            fullest = max(cells, key=lambda cell: cell.count)
            if fullest.cards:
                more = following_cards(session, scope, fullest.key, fullest.cards[0].ticket_id)
                found[-1]["following"] = [card.ticket_id for card in more.cards]
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def filled_postgresql(filled_app):
    return filled_app("postgresql")


def statements(session):
    sent = []

    def note(conn, cursor, statement, parameters, context, executemany):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        board(session, scope_of(session))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return sent
