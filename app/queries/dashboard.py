"""All that the dashboard says, in a number of queries that doesn't grow with the board."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, bindparam, exists, select
from sqlalchemy.orm import Session

from app import clock
from app.db.columns import UTCDateTime, now_when_sent
from app.db.plans import PLANNED_ONCE, checked
from app.db.rows import rows_of
from app.models import Project, StageRun, Ticket, WorkerType
from app.queries.events.filter import EventFilter
from app.queries.events.list import EventRow, event_page
from app.queries.inbox.item import InboxItem
from app.queries.inbox.list import first_items, number_of_items
from app.queries.inbox.tickets import number_at_gates
from app.queries.paging import COUNT_CAP, number_of, shared_cap
from app.queries.queues import Queue, first_of_queues
from app.queries.statistics.sql import seconds_between
from app.queries.tickets.conditions import situation_is
from app.queries.tickets.rail import SENT_BACK, Rail, numbers_in, rail_of
from app.queries.workers.list import WorkerRow, count_by_status, first_workers
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

Rows = Select[*tuple[Any, ...]]
Facts = Row[*tuple[Any, ...]]

ITEMS_SHOWN = 8
RUNNING_SHOWN = 8
WORKERS_SHOWN = 6
EVENTS_SHOWN = 10
PROJECTS_SHOWN = 8
MEDIAN_DAYS = 7
MEDIAN_OF = 500
"""The median is that of the tickets closed last, at most so many."""


@immutable
class Figures:
    """The numbers at the top, counted up to `COUNT_CAP` where they are of tickets; `median` in
    seconds."""

    running: int
    ready: int
    blocked: int
    waiting: int
    on_hold: int
    closed_today: int
    median: float | None


@immutable
class Running:
    """A stage that a worker is at."""

    ticket_id: str
    title: str
    worker_id: str
    since: datetime
    rail: Rail


@immutable
class Dashboard:
    """The whole page."""

    has_project: bool
    has_tickets: bool
    figures: Figures
    waiting: list[InboxItem]
    waiting_total: int
    running: list[Running]
    queues: list[tuple[str, list[Queue]]]
    queue_cap: int
    more_projects: int
    worker_counts: dict[str, int]
    workers: list[WorkerRow]
    events: list[EventRow]


def load(session: Session, visibility: Visibility, zone: tzinfo = UTC) -> Dashboard:
    """The dashboard as of now; its day begins at midnight in that time zone."""
    midnight = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    facts = rows_of(session, _facts(visibility), midnight=midnight).one()
    found = first_of_queues(session, visibility)
    shown = _shown_queues(found)
    return Dashboard(
        has_project=facts.has_project,
        has_tickets=facts.has_tickets,
        figures=_figures(session, visibility, facts, found),
        waiting=first_items(session, visibility, ITEMS_SHOWN),
        waiting_total=min(facts.at_gates + facts.other_items, COUNT_CAP),
        running=_running(session, visibility),
        queues=shown[:PROJECTS_SHOWN],
        queue_cap=shared_cap(sum(queue.id is not None for queue in found)),
        more_projects=len(shown[PROJECTS_SHOWN:]),
        worker_counts=count_by_status(session, visibility),
        workers=first_workers(session, visibility, WORKERS_SHOWN),
        events=event_page(session, visibility, EventFilter(), size=EVENTS_SHOWN).rows,
    )


@lru_cache(STATEMENTS_KEPT)
def _facts(visibility: Visibility) -> Rows:
    tickets = visibility.of(Ticket.project_id)
    midnight = bindparam("midnight", type_=UTCDateTime())
    is_new = Ticket.closed_at >= midnight
    others = number_of_items(visibility, kind="answer") + number_of_items(visibility, kind="worker")
    return select(
        exists()
        .where(Project.archived_at.is_(None), visibility.of(Project.repository_name))
        .label("has_project"),
        exists().select_from(Ticket).where(tickets).label("has_tickets"),
        _count(situation_is("ready"), tickets).label("ready"),
        _count(situation_is("blocked"), tickets).label("blocked"),
        _count(Ticket.state == "on_hold", tickets).label("on_hold"),
        _count(Ticket.state == "closed", is_new, tickets).label("closed_today"),
        number_at_gates(visibility.of(WorkerType.project_id)).label("at_gates"),
        others.label("other_items"),
    ).execution_options(**PLANNED_ONCE)


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return number_of(select(Ticket.ticket_id).where(*conditions))


def _shown_queues(found: Sequence[Queue]) -> list[tuple[str, list[Queue]]]:
    """By project, the one with most waiting tickets first; stages in the order they were made."""
    active = [queue for queue in found if queue.ready and not queue.is_archived]
    grouped = groupby(sorted(active, key=_project), _project)
    return sorted(
        ((name, list(rows)) for name, rows in grouped),
        key=lambda group: -sum(queue.ready for queue in group[1]),
    )


def _project(queue: Queue) -> str:
    return queue.project_id


def _figures(
    session: Session, visibility: Visibility, facts: Facts, found: Sequence[Queue]
) -> Figures:
    return Figures(
        running=sum(queue.running for queue in found),
        ready=facts.ready,
        blocked=facts.blocked,
        waiting=facts.at_gates,
        on_hold=facts.on_hold,
        closed_today=facts.closed_today,
        median=_median_seconds(session, visibility),
    )


def _median_seconds(session: Session, visibility: Visibility) -> float | None:
    spans = rows_of(session, _spans(visibility)).scalars().all()
    return median(spans) if spans else None


@lru_cache(STATEMENTS_KEPT)
def _spans(visibility: Visibility) -> Select[float]:
    return (
        select(seconds_between(Ticket.created_at, Ticket.closed_at))
        .where(
            Ticket.state == "closed",
            checked(Ticket.resolution == "completed"),
            Ticket.closed_at >= now_when_sent(-timedelta(days=MEDIAN_DAYS)),
            visibility.of(Ticket.project_id),
        )
        .order_by(Ticket.closed_at.desc())
        .limit(MEDIAN_OF)
        .execution_options(**PLANNED_ONCE)
    )


def _running(session: Session, visibility: Visibility) -> list[Running]:
    """The runs that take longest come first."""
    return [
        Running(
            row.ticket_id,
            row.title,
            row.worker_id,
            row.started_at,
            rail_of(row.execution_plan, row.completed_stages, "running", numbers_in(row.sent_back)),
        )
        for row in rows_of(session, _runs(visibility))
    ]


@lru_cache(STATEMENTS_KEPT)
def _runs(visibility: Visibility) -> Rows:
    return (
        select(
            StageRun.ticket_id,
            Ticket.title,
            StageRun.worker_id,
            StageRun.started_at,
            Ticket.execution_plan,
            Ticket.completed_stages,
            SENT_BACK.label("sent_back"),
        )
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        .where(
            StageRun.finished_at.is_(None),
            StageRun.worker_id.is_not(None),
            visibility.of(Ticket.project_id),
        )
        .order_by(StageRun.started_at, StageRun.run_id)
        .limit(RUNNING_SHOWN)
        .execution_options(**PLANNED_ONCE)
    )
