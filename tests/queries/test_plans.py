"""How the databases find what pages show, with and without statistics: by an index, never by
reading all rows."""

import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from app import clock
from app.db.base import db
from app.models import Ticket
from app.queries.events.filter import EventFilter
from app.queries.events.list import event_page
from app.queries.inbox.list import item_page, some_items
from app.queries.language.compiling import parameters
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.language.query import from_parameters
from app.queries.language.statements import found_ids, met_in_order
from app.queries.metrics import figures
from app.queries.navigation import navigation
from app.queries.paging import PAGE_SIZE, number_of, shared_cap
from app.queries.projects.list import overviews
from app.queries.queues import first_of_queues, queue_status
from app.queries.run_totals import RunTotals
from app.queries.search.results import find_everything
from app.queries.tickets import list_pages
from app.queries.tickets.conditions import STATES, state_is
from app.queries.tickets.list import list_tickets
from app.queries.tickets.list_pages import _statements
from app.queries.tickets.records import ticket_slice
from app.queries.tickets.related import open_blockers, related
from app.queries.tickets.view import id_in_other_case
from app.queries.workers.conditions import WorkerFilter
from app.queries.workers.list import SORTS, worker_page
from app.visibility import Visibility
from tests.queries.filling import TICKETS

EVERYTHING = Visibility.everything()
READER = Reader("ann")
SCANS = re.compile(r"SCAN (tickets|events)\b(?! USING)|Seq Scan on (tickets|events)\b|AUTOMATIC")
"""All rows of a table are read, or an index is made for one statement."""
ALL_INDEXES = {
    "id": "ix_tickets_number",
    "title": "ix_tickets_title",
    "stage": "ix_tickets_stage",
    "priority": "ix_tickets_priority_ticket_id",
    "created": "ix_tickets_created_at_ticket_id",
    "updated": "ix_tickets_updated_at_ticket_id",
}
OPEN_INDEXES = {
    "id": "ix_tickets_open_number",
    "title": "ix_tickets_open_title",
    "stage": "ix_tickets_open_stage",
    "priority": "ix_tickets_open_priority",
    "created": "ix_tickets_open_created",
    "updated": "ix_tickets_open_updated",
}

FILTERS: tuple[dict[str, Any], ...] = (
    {"project": "acme/p1"},
    {"stage": "review"},
    {"priority": "0"},
    {"labels": ("rare",)},
    {"labels": ("l3", "l4")},
    {"parent_id": "P0-0"},
    {"project": "acme/p1", "stage": "review", "priority": "1"},
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, filled_app):
    """A board on which most is closed and little runs, as boards are after some years."""
    return filled_app(request.param)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def analyzed(request, filled_app):
    """The same with statistics, on a database of its own: there is no way to be rid of them."""
    app = filled_app(request.param)
    with app.app_context(), db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return app


def sqlite_only(board):
    """PostgreSQL rightly reads a small table row by row until it has counted enough."""
    return pytest.mark.parametrize(board, ["sqlite"], indirect=True)


@sqlite_only("filled")
def test_no_page_reads_all_tickets(filled):
    with filled.app_context():
        assert_indexed(db.session())


@sqlite_only("analyzed")
def test_with_statistics_no_page_reads_all_tickets(analyzed):
    with analyzed.app_context():
        assert_indexed(db.session())


def test_a_list_of_many_follows_the_index_of_its_order(filled):
    with filled.app_context():
        assert_in_order(db.session())


def test_with_statistics_a_list_of_many_follows_the_index_of_its_order(analyzed):
    with analyzed.app_context():
        assert_in_order(db.session())


def test_what_several_labels_or_no_plan_say_is_found_by_their_index(filled):
    with filled.app_context():
        assert_found(db.session())


def test_with_statistics_what_several_labels_or_no_plan_say_is_found_by_their_index(analyzed):
    with analyzed.app_context():
        assert_found(db.session())


@sqlite_only("filled")
@pytest.mark.parametrize("latest", [ALL_INDEXES["priority"], OPEN_INDEXES["priority"]])
def test_open_ones_of_a_priority_are_counted_by_their_own_index_whichever_was_made_last(
    filled, latest
):
    with filled.app_context():
        session = db.session()
        make_last(session, latest)
        counts, *_ = plans(session, list_tickets, EVERYTHING, parse("priority:0"), READER, 1)
        assert OPEN_INDEXES["priority"] in counts, counts
        session.rollback()


@sqlite_only("filled")
@pytest.mark.parametrize("latest", [ALL_INDEXES["stage"], OPEN_INDEXES["stage"]])
def test_those_at_a_stage_are_counted_by_their_own_index_whichever_was_made_last(filled, latest):
    with filled.app_context():
        session = db.session()
        make_last(session, latest)
        assert_counted_at_stage(session)
        session.rollback()


def test_with_statistics_those_at_a_stage_are_counted_by_their_own_index(analyzed):
    with analyzed.app_context():
        assert_counted_at_stage(db.session())


def test_what_is_ready_of_few_is_not_looked_for_among_all_that_is_queued(filled):
    with filled.app_context():
        assert_ready_of_few(db.session())


def test_with_statistics_what_is_ready_of_few_is_not_looked_for_among_all_that_is_queued(analyzed):
    with analyzed.app_context():
        assert_ready_of_few(db.session())


def make_last(session, index):
    made = select(text("sql")).select_from(text("sqlite_master")).where(text("name = :name"))
    statement = session.scalar(made, {"name": index})
    session.execute(text(f"DROP INDEX {index}"))
    session.execute(text(statement))


def test_what_labels_say_of_tickets_is_counted_without_these(filled):
    with filled.app_context():
        assert_counted_by_labels(db.session())


def test_with_statistics_what_labels_say_is_counted_without_tickets(analyzed):
    with analyzed.app_context():
        assert_counted_by_labels(db.session())


def test_what_is_somebodys_is_counted_by_the_indexes_of_who_made_it_and_looks_after_it(filled):
    with filled.app_context():
        assert_counted_by_owner(db.session())


def test_with_statistics_what_is_somebodys_is_counted_by_these_indexes(analyzed):
    with analyzed.app_context():
        assert_counted_by_owner(db.session())


def test_a_small_limit_makes_no_search_walk_through_all_texts(filled):
    """PostgreSQL would, to meet the first few of a word of which it doesn't know how rare it is."""
    with filled.app_context():
        found = plans(db.session(), find_everything, EVERYTHING, "nobody")
        is_sqlite = db.engine.dialect.name == "sqlite"
        assert is_sqlite or any("CTE newest\n" in plan for plan in found), found


def test_what_holds_tickets_up_is_looked_at_one_by_one(filled):
    with filled.app_context():
        (plan,) = plans(db.session(), open_blockers, ["P0-8", "P2-158"])
        assert re.search(r"SubPlan|SCALAR SUBQUERY", plan), plan
        assert re.search(r"(pk_tickets|SEARCH tickets USING INDEX) ", plan), plan


@sqlite_only("filled")
def test_what_words_find_is_looked_at_once(filled):
    with filled.app_context():
        assert_found_by_words(db.session())


@sqlite_only("analyzed")
def test_with_statistics_what_words_find_is_looked_at_once(analyzed):
    with analyzed.app_context():
        assert_found_by_words(db.session())


def test_a_search_for_other_words_sends_the_same_statements(filled):
    with filled.app_context():
        session = db.session()
        list_tickets(session, EVERYTHING, parse("P0 is:all -nothing"), READER, 1)
        before = _statements.cache_info()
        other = list_tickets(session, EVERYTHING, parse("P1-17 is:all -P1-170"), READER, 1)
        after = _statements.cache_info()
        assert after.misses == before.misses
        assert after.hits > before.hits
        found = {line.ticket_id for line in other.page.items}
        ids = (one for one in session.scalars(select(Ticket.ticket_id)) if one.startswith("P1-17"))
        assert found == {one for one in ids if not one.startswith("P1-170")}


@sqlite_only("filled")
def test_what_waits_for_a_person_is_counted_by_indexes_made_for_it(filled):
    with filled.app_context():
        assert_counted_apart(db.session())


@sqlite_only("analyzed")
def test_with_statistics_what_waits_for_a_person_is_counted_by_indexes_made_for_it(analyzed):
    with analyzed.app_context():
        assert_counted_apart(db.session())


@pytest.mark.parametrize("filled", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "asked", ["is:ready", "is:starved", "stage:review", "priority:1", "-label:l3"]
)
def test_postgresql_meets_the_first_of_many_in_the_order_of_a_list(filled, asked, monkeypatch):
    """Without statistics, too, of which it would rather find all and sort them."""
    monkeypatch.setattr(list_pages, "COUNT_CAP", 3)
    with filled.app_context():
        _, page, *_ = plans(db.session(), list_tickets, EVERYTHING, parse(asked), READER, 1, 3)
    met = page.partition("InitPlan")[2]
    assert re.search("Index Scan Backward using ix_tickets_(open_)?updated", met), page


def test_what_is_on_hold_is_met_in_the_order_of_an_index(filled, monkeypatch):
    monkeypatch.setattr(list_pages, "COUNT_CAP", 3)
    wanted = parse("is:on_hold")
    with filled.app_context():
        _, page, *_ = plans(db.session(), list_tickets, EVERYTHING, wanted, READER, 1, 3)
    assert page.count("ix_tickets_state_updated_at_ticket_id") == 2, page


def test_what_was_stopped_is_found_by_its_own_index(filled, monkeypatch):
    """Of what is closed it is few, of a priority or with a parent, too."""
    with filled.app_context():
        assert_stopped_found(db.session(), monkeypatch)


def test_with_statistics_what_was_stopped_is_found_by_its_own_index(analyzed, monkeypatch):
    with analyzed.app_context():
        assert_stopped_found(db.session(), monkeypatch)


def test_what_was_stopped_is_the_same_however_it_is_found(filled):
    with filled.app_context():
        session = db.session()
        beside = ("", "priority:0", "stage:review", "stage:review priority:0", "project:acme/p2")
        for asked, state in product(beside, ("is:stopped", "-is:stopped", "is:closed -is:stopped")):
            each = parse(f"{asked} {state}"), parse(f"{asked} {state}").naming("stage", "")
            for wanted in each:
                met = select(Ticket.ticket_id).where(met_in_order(EVERYTHING, wanted, None))
                values = parameters(wanted, READER)
                found = session.scalars(found_ids(EVERYTHING, wanted, None), values)
                assert {*found} == {*session.scalars(met, values)}, wanted


@sqlite_only("filled")
def test_what_stands_somewhere_in_a_project_is_found_by_that_whatever_its_priority(filled):
    with filled.app_context():
        assert_found_in_project(db.session())


@sqlite_only("analyzed")
def test_with_statistics_what_stands_somewhere_in_a_project_is_found_by_that(analyzed):
    with analyzed.app_context():
        assert_found_in_project(db.session())


def test_those_at_a_stage_are_met_by_their_ids(filled, monkeypatch):
    """However many there are, of which other projects have most, and where ids of others lie."""
    with filled.app_context():
        assert_met_at_stage(db.session(), monkeypatch)


def test_with_statistics_those_at_a_stage_are_met_by_their_ids(analyzed, monkeypatch):
    with analyzed.app_context():
        assert_met_at_stage(db.session(), monkeypatch)


def test_a_projects_tickets_are_met_by_their_ids(filled, monkeypatch):
    """However many other projects have, which come before."""
    with filled.app_context():
        assert_met_by_id(db.session(), monkeypatch)


def test_with_statistics_a_projects_tickets_are_met_by_their_ids(analyzed, monkeypatch):
    with analyzed.app_context():
        assert_met_by_id(db.session(), monkeypatch)


@sqlite_only("filled")
def test_what_changed_lately_is_counted_in_the_index_of_its_state(filled):
    with filled.app_context():
        assert_counted_by_state(db.session())


@sqlite_only("analyzed")
def test_with_statistics_what_changed_lately_is_counted_in_the_index_of_its_state(analyzed):
    with analyzed.app_context():
        assert_counted_by_state(db.session())


@pytest.mark.parametrize("filled", ["postgresql"], indirect=True)
def test_closed_tickets_at_which_nobody_works_are_not_looked_for(filled):
    with filled.app_context():
        counts, *_ = plans(db.session(), list_tickets, EVERYTHING, parse("is:starved"), READER, 1)
    assert "One-Time Filter: false" in counts


@pytest.mark.parametrize("filled", ["postgresql"], indirect=True)
def test_postgresql_looks_into_the_queue_of_each_gate(filled):
    with filled.app_context():
        (plan,) = plans(db.session(), navigation, EVERYTHING)
    of_gate = r"\(project_id = \w+\.project_id\) AND \(current_stage = \w+\.worker_type\)"
    assert re.search(rf"ix_tickets_queue\w* on tickets.*\n\s+Index Cond: \({of_gate}", plan), plan


def test_what_the_dashboard_says_of_queues_is_what_is_in_them(filled):
    with filled.app_context():
        session = db.session()
        shown = {queue_key(queue): queue for queue in first_of_queues(session, EVERYTHING)}
        whole = {queue_key(queue): queue for queue in queue_status(session, EVERYTHING)}
        assert shown.keys() == whole.keys()
        cap = shared_cap(len(whole))
        for key, queue in whole.items():
            same = shown[key]
            assert (same.ready, same.oldest) == (min(queue.ready, cap), queue.oldest)
            assert same.running == queue.running


@sqlite_only("filled")
@pytest.mark.parametrize("sort", SORTS)
def test_what_a_worker_holds_is_read_of_those_on_the_page(filled, sort):
    with filled.app_context():
        session = db.session()
        wanted = WorkerFilter(status="all")
        _, page = plans(session, worker_page, EVERYTHING, wanted, sort)
        chosen, rows = page.split("SCAN chosen")
        assert "stage_runs" not in chosen
        assert re.search(r"SEARCH stage_runs .*\(worker_id=\?\)", rows)


@sqlite_only("filled")
def test_monitoring_counts_workers_in_the_order_of_an_index(filled):
    with filled.app_context():
        session = db.session()
        *_, plan = plans(session, figures, EVERYTHING, RunTotals())
        assert "COVERING INDEX ix_workers_project_id_worker_type_status" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("number", [1, 20, 200, 2_000])
def test_the_first_of_all_gates_are_urgent_then_the_oldest(filled, number):
    with filled.app_context():
        session = db.session()
        found = some_items(session, EVERYTHING, "", "approval", number)
        keys = Ticket.ticket_id, Ticket.priority > 0, Ticket.ready_at
        waiting = session.execute(select(*keys).where(state_is("waiting"))).all()
        urgent = sum(not is_less for _, is_less, _ in waiting)
        assert 20 < urgent < 200 < len(waiting) < 2_000
        expected = sorted(waiting, key=lambda one: (*one[1:], one[0]))[:number]
        assert [one.subject for one in found] == [ticket_id for ticket_id, *_ in expected]


def test_counts_share_what_is_counted_in_all():
    assert [shared_cap(number) for number in (0, 1, 5, 8, 50, 9_000)] == [
        1_000, 1_000, 1_000, 625, 100, 100,
    ]  # fmt: skip


def test_queues_are_counted_part_by_part_of_each(filled):
    with filled.app_context():
        session = db.session()
        parts = ("ready", "backoff", "blocked", "on_hold")
        for queue in queue_status(session, EVERYTHING):
            asked = f"project:{queue.project_id} stage:{queue.worker_type}"
            for part in parts:
                state = "waiting" if queue.is_gate and part == "ready" else part
                found = list_tickets(
                    session, EVERYTHING, parse(f"{asked} is:{state}"), READER, 1
                ).page.total
                assert getattr(queue, part) == found, (asked, part)


def queue_key(queue):
    return queue.project_id, queue.worker_type


IN_PARTS = (
    "is:all sort:state",
    "is:all sort:-state",
    "is:open sort:state,-updated",
    "is:all -is:running,completed sort:state,title",
    "is:ready,stopped sort:-state,id",
    "sort:priority,-updated",
    "is:all sort:-priority,state",
    "-is:running priority:0,2,3 sort:priority,-id",
    "sort:stage,-updated",
    "is:all sort:stage,-updated",
    "is:closed sort:stage,-updated",
    "is:closed sort:-stage,title",
    "project:acme/p0,acme/p1 is:closed sort:stage",
    "-project:acme/p1 is:all sort:-stage",
    "is:ready sort:stage",
    "is:ready sort:-stage",
    "is:all sort:-stage,title -stage:planning",
    "is:all sort:stage stage:planning,review",
    "is:all sort:-stage -stage:review",
    "is:all sort:-priority priority:1,2",
    "is:all sort:priority,-state",
    "is:all sort:priority,state,title",
    "is:ready sort:stage",
    "label:l3,l4,l5 is:all sort:stage,-updated",
    "label:l0,l1,l2,l3,l4 is:closed sort:stage,title",
)


@pytest.mark.parametrize("asked", IN_PARTS)
def test_many_tickets_come_part_by_part_as_few_would(filled, asked, monkeypatch):
    """Many are met state by state or priority by priority, few are found and sorted."""
    with filled.app_context():
        session = db.session()
        wanted = parse(asked)
        numbers = (1, 2, 7, 15, 20)
        many = [shown(session, wanted, number) for number in numbers]
        monkeypatch.setattr("app.queries.tickets.list_pages.COUNT_CAP", TICKETS + 1)
        assert many == [shown(session, wanted, number) for number in numbers]
        assert len(many[0]) == PAGE_SIZE


@pytest.mark.parametrize("sort", ["created", "-created", "updated", "-updated"])
@pytest.mark.parametrize("asked", ["label:l3 is:all", "-label:l3", "is:stopped", "updated:>{day}"])
def test_programs_read_many_tickets_as_they_would_few(filled, asked, sort, monkeypatch):
    """Wherever in the order they are: after so many that are passed by, they are found first."""
    asked = asked.format(day=(clock.now() - timedelta(days=2)).date())
    with filled.app_context():
        session = db.session()
        few = read_all(session, parse(asked), sort)
        monkeypatch.setattr("app.queries.tickets.near.COUNT_CAP", 10)
        for module in ("near", "records"):
            monkeypatch.setattr(f"app.queries.tickets.{module}.PASSED", 40)
        assert read_all(session, parse(asked), sort) == few
        assert len(few) == len({*few}) > 10


def read_all(session, wanted, sort):
    found, cursor = [], ""
    while cursor is not None:
        records, cursor = ticket_slice(
            session, EVERYTHING, wanted, READER, sort=sort, cursor=cursor or None, limit=19
        )
        found += [record["ticket_id"] for record in records]
    return found


def shown(session, wanted, number):
    items = list_tickets(session, EVERYTHING, wanted, READER, number).page.items
    return [line.ticket_id for line in items]


def test_reading_all_rows_is_noticed(filled):
    """The tests above can fail."""
    with filled.app_context():
        length = select(func.sum(func.length(Ticket.description)))
        (plan,) = plans(db.session(), lambda session: session.scalar(length))
        assert SCANS.search(plan)


def assert_indexed(session):
    for what, found in plans_of_pages(session):
        for plan in found:
            assert not SCANS.search(plan), (what, plan)


def assert_counted_apart(session):
    (plan,) = plans(session, navigation, EVERYTHING)
    assert "COVERING INDEX ix_tickets_asking" in plan
    assert "ix_events_inbox" in plan
    assert "ix_events_unprocessed" not in plan
    for project in ("", "acme/p1"):
        first, *_ = [it for it in plans(session, item_page, EVERYTHING, project) if "chosen" in it]
        assert re.search(r"ix_tickets_asking\n(?!USE TEMP)", first), first
        until = "ix_tickets_queue_age (project_id=? AND current_stage=? AND ready_at<?)"
        assert until in first, first
    depths, few = plans(session, queue_status, EVERYTHING)
    for name in ("ix_tickets_queue", "ix_tickets_on_hold", "ix_tickets_blocked_at_stage"):
        assert name in depths
    assert "ix_tickets_backoff_until" in few
    # Not through the runs: that reads three rows for each.
    assert "ix_tickets_claimed_by" in few
    first = plans(session, first_of_queues, EVERYTHING)
    assert any("ix_tickets_queue_age" in plan for plan in first)


def assert_counted_by_state(session):
    counts, *_ = plans(session, list_tickets, EVERYTHING, parse("updated:<1d"), READER, 1)
    assert counts.count("COVERING INDEX ix_tickets_state_updated_at_ticket_id") == 2, counts


FOUND_BY = {
    "label:l3 label:l4": "ix_ticket_labels_found",
    "label:l3 priority:0 project:acme/p1 is:all": "ix_ticket_labels_found",
    "label:rare is:all": "ix_ticket_labels_found",
    "label:none": "ix_tickets_unlabelled",
    "-has:labels": "ix_tickets_unlabelled",
    "has:children": "ix_tickets_with_parts",
    "plan:nothing": "ix_tickets_plan",
    "is:running": "ix_tickets_claimed_by",
    **{f"label:none is:{state}": "ix_tickets_unlabelled" for state in ("ready", "stopped")},
    **{f"has:children is:{state}": "ix_tickets_with_parts" for state in ("ready", "blocked")},
}


MANY_OF_ONE_PRIORITY = parse("is:all sort:-priority,-updated")


def assert_found(session):
    """Few tickets are found and then sorted: none is met in the order of a list."""
    of_parent = plans(session, api_list, parse("parent:p0-0 is:all"))
    assert all("ix_tickets_parent_id" in plan for plan in of_parent[:2]), of_parent
    assert not any("ix_tickets_created" in plan for plan in of_parent), of_parent
    running = plans(session, api_list, parse("is:running"))
    assert all("ix_tickets_claimed_by" in plan for plan in running[:2]), running
    for asked, index in FOUND_BY.items():
        found = plans(session, list_tickets, EVERYTHING, parse(asked), READER, 1)
        assert index in found[0], (asked, found[0])
        if index in ("ix_tickets_unlabelled", "ix_tickets_with_parts"):
            others = r"ix_tickets_(state|queue|blocked|stopped)"
            assert not re.search(others, found[0]), (asked, found[0])
        for plan in found[1:]:
            assert not re.search(r"ix_tickets_(open_)?updated", plan), (asked, plan)
    parts = plans(session, list_tickets, EVERYTHING, MANY_OF_ONE_PRIORITY, READER, 1)
    assert any("ix_tickets_updated_at_ticket_id" in plan for plan in parts), parts


STOPPED_BY = {
    "priority:0": r"ix_tickets_(resolution|ended|stopped)\b",
    # PostgreSQL knows that still fewer have a parent here.
    "has:parent": r"ix_tickets_(resolution|ended|stopped|parent_id)\b",
    "stage:review": r"ix_tickets_closed_at_stage\b",
    "project:acme/p1 priority:1": r"ix_tickets_ended_of_project\b",
}
WITHOUT_STAGE_BY = {
    "is:stopped": STOPPED_BY["priority:0"],
    "is:stopped project:acme/p1": r"ix_tickets_ended(_of_project)?\b",
}


def assert_stopped_found(session, monkeypatch):
    asked = {parse(f"{asked} is:stopped"): index for asked, index in STOPPED_BY.items()}
    for some, index in WITHOUT_STAGE_BY.items():
        asked[parse(some).naming("stage", "")] = index
    for wanted, index in asked.items():
        counted = select(number_of(found_ids(EVERYTHING, wanted, None)))
        (plan,) = plans(session, Session.scalar, counted, parameters(wanted, READER))
        assert re.search(index, plan), (wanted, plan)
        assert not re.search(r"ix_tickets_stage(_of_project)?\b", plan), (wanted, plan)
    monkeypatch.setattr(list_pages, "COUNT_CAP", 3)
    wanted = parse("is:stopped sort:stage")
    _, _, passing, *_ = plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
    if session.get_bind().dialect.name == "sqlite":  # PostgreSQL doesn't tell what it does there.
        assert "ix_tickets_closed_at_stage" in passing, passing
        assert "ix_tickets_stage_of_project" not in passing, passing
    _, page, *_ = plans(session, list_tickets, EVERYTHING, parse("is:stopped"), READER, 1, 3)
    assert "ix_tickets_resolution" in page, page
    assert not re.search(r"ix_tickets_(open_)?updated", page), page


def assert_found_in_project(session):
    for state, index in (
        ("ready", "ix_tickets_project_id_state"),
        ("blocked", "ix_tickets_blocked_"),
        ("closed", "ix_tickets_stage_of_project"),
    ):
        wanted = parse(f"project:acme/p1 priority:1 is:{state}")
        counted = select(number_of(found_ids(EVERYTHING, wanted, None)))
        (plan,) = plans(session, Session.scalar, counted, parameters(wanted, READER))
        assert index in plan, (state, plan)


def assert_met_at_stage(session, monkeypatch):
    monkeypatch.setattr(list_pages, "COUNT_CAP", 3)
    for asked, index in (
        ("project:acme/p1 is:closed sort:stage", ALL_INDEXES["stage"]),
        ("project:acme/p1 priority:1 is:all sort:-stage", ALL_INDEXES["stage"]),
        ("is:ready sort:stage", OPEN_INDEXES["stage"]),
    ):
        *_, page = plans(session, list_tickets, EVERYTHING, parse(asked), READER, 1, 3)
        assert index in page, (asked, page)
        assert not re.search(r"ix_tickets_stage_of_project|pk_tickets on tickets_", page), page


def assert_met_by_id(session, monkeypatch):
    monkeypatch.setattr(list_pages, "COUNT_CAP", 3)
    monkeypatch.setattr(list_pages, "PASSED", 3)
    for asked, index in (
        ("project:acme/p2 sort:id", OPEN_INDEXES["id"]),
        ("project:acme/p2 sort:-id is:all", ALL_INDEXES["id"]),
        ("is:closed project:acme/p1 priority:1 sort:-id", ALL_INDEXES["id"]),
    ):
        wanted = parse(asked).or_open()
        _, *pages = plans(session, list_tickets, EVERYTHING, wanted, READER, 1, 3)
        assert len(pages) == 1, (asked, pages)
        assert index in pages[0], (asked, pages)
        found = list_tickets(session, EVERYTHING, wanted, READER, 1, 3).page.items
        few = session.scalars(found_ids(EVERYTHING, wanted, None), parameters(wanted, READER))
        ids = sorted(few, key=lambda one: int(one.partition("-")[2]), reverse="-id" in asked)
        assert [line.ticket_id for line in found] == ids[:3], asked


def assert_counted_by_labels(session):
    for asked in ("label:l3", "label:l3 label:l4 is:closed", "label:l3,l4 is:all"):
        wanted = parse(f"{asked} priority:0,1 project:acme/p1")
        counts, *others = plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
        assert "ix_ticket_labels_found" in counts, (asked, counts)
        assert not re.search(r"(SEARCH|SCAN|on) tickets\b", counts), (asked, counts)
        for plan in others:
            if "ix_ticket_labels_found" in plan:
                # In order, in full, and what each is blocked by.
                assert len(re.findall(r"(?:SEARCH|SCAN|on) tickets(?:_\d+)?\b", plan)) <= 3, plan


def assert_counted_by_owner(session):
    """However much others made, and however much they made themselves."""
    for asked in ("is:mine", "is:mine is:closed", "author:ann", "author:me is:all"):
        wanted = parse(asked)
        counts, *_ = plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
        assert set(INDEXES.findall(counts)) == {
            "ix_tickets_created_by",
            *(["ix_tickets_assignee_id"] if asked.startswith("is:mine") else []),
        }, (asked, counts)
        assert not SCANS.search(counts), (asked, counts)
    for asked in ("is:mine", "author:ann is:blocked", "author:me is:ready", "is:mine is:closed"):
        wanted = parse(asked)
        counted = select(number_of(found_ids(EVERYTHING, wanted, None, 3), 3))
        (some,) = plans(session, Session.scalar, counted, parameters(wanted, READER))
        assert FROM_THE_NEWEST.search(some), (asked, some)
        assert not re.search(r"TEMP B-TREE FOR ORDER|Sort Key: tickets", some), (asked, some)


def assert_ready_of_few(session):
    for asked in ("assignee:me", "author:me", "label:rare", "label:rare project:acme/p0"):
        found = plans(session, list_tickets, EVERYTHING, parse(f"{asked} is:ready"), READER, 1)
        for plan in found:
            assert "ix_tickets_queue" not in plan, (asked, plan)


def assert_counted_at_stage(session):
    for asked in ("stage:review", "stage:review is:closed", "stage:review is:all"):
        counts, *_ = plans(session, list_tickets, EVERYTHING, parse(asked), READER, 1)
        used = {"ix_tickets_open_stage", "ix_tickets_closed_at_stage"}
        assert set(INDEXES.findall(counts)) == used, (asked, counts)


INDEXES = re.compile(r"\bix_tickets_\w+")
FROM_THE_NEWEST = re.compile(
    r"Backward using ix_tickets_created_by|"
    r"INDEX ix_tickets_created_by \(created_by>\? AND created_by<\?\)"
)


def assert_found_by_words(session):
    """However many they are: once for both counts, then for the page, whose rows are read by it."""
    for asked in ("P0 is:all", "P1-1", "P0 is:ready,blocked"):
        found = plans(session, list_tickets, EVERYTHING, parse(asked), READER, 1)
        counts, page = (
            re.findall(r"(?:SCAN|SEARCH) tickets\b.*", plan) for plan in found if "anon" in plan
        )
        by_id = "SEARCH tickets USING INDEX sqlite_autoindex_tickets_1 (ticket_id=?)"
        assert (counts, page) == ([by_id], [by_id, by_id]), (asked, found)


def assert_in_order(session):
    for state, indexes in (("open", OPEN_INDEXES), ("all", ALL_INDEXES)):
        for sort, index in indexes.items():
            wanted = parse(f"is:{state} sort:{sort}")
            found = plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
            assert any(re.search(rf"\b{index}\b", plan) for plan in found), (sort, state, found)
    if session.get_bind().dialect.name == "postgresql":
        # Else it prefers the index of all tickets, in which those without a stage come first.
        found = plans(session, list_tickets, EVERYTHING, parse("sort:stage"), READER, 1)
        assert any("Index Only Scan using ix_tickets_open_stage" in plan for plan in found), found


def plans_of_pages(session):
    """What is asked, and the plans of its statements."""
    for state in STATES:
        wanted = from_parameters(state=state)
        yield state, plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
        yield ("API", state), plans(session, api_list, wanted)
    for asked, state in product(FILTERS, ("open", "closed", "all")):
        wanted = from_parameters(state=state, **asked)
        by_title = wanted.replacing("sort", "title")
        yield wanted, plans(session, list_tickets, EVERYTHING, by_title, READER, 1)
        yield ("API", wanted), plans(session, api_list, wanted)
    for sort in ("state", "-state", "state,-updated"):
        wanted = parse(f"is:all sort:{sort}")
        yield sort, plans(session, list_tickets, EVERYTHING, wanted, READER, 1)
    yield "sidebar", plans(session, navigation, EVERYTHING)
    yield "inbox", plans(session, item_page, EVERYTHING)
    yield "inbox of a project", plans(session, item_page, EVERYTHING, "acme/p1")
    yield "queues", plans(session, first_of_queues, EVERYTHING)
    yield "API: queues", plans(session, queue_status, EVERYTHING)
    yield "API: queues of a project", plans(session, queue_status, EVERYTHING, "acme/p1")
    yield "projects", plans(session, overviews, EVERYTHING)
    yield "around a ticket", plans(session, related, session.get_one(Ticket, "P0-8"))
    yield "another case", plans(session, id_in_other_case, EVERYTHING, "p0-8")
    yield "events", plans(session, event_page, EVERYTHING, EventFilter(processed=False))


def api_list(session, wanted):
    return ticket_slice(session, EVERYTHING, wanted, READER, sort="created", cursor=None, limit=50)


def plans(session, read, *arguments):
    """The plan of each statement that is sent."""
    sent = []

    def note(conn, cursor, statement, parameters, context, executemany):
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read(session, *arguments)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    return [
        "\n".join(
            row[3 if is_sqlite else 0]
            for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
        )
        for statement, parameters in sent
    ]
