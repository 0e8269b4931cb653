"""Workers: what each is, what it does now, and when it was last heard of."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.errors import NotFound
from app.models import Event, StageRun, Ticket, Worker
from app.queries.keyset import Order, take_slice
from app.queries.paging import PAGE_SIZE, Page, capped_count, number_of
from app.queries.workers.conditions import WorkerFilter, is_current, is_silent, shown_status
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

STATUS_ORDER = ("silent", "failed", "active", "spawning", "idle", "finished")
SORTS = ("status", "worker", "type", "heartbeat", "started")
NEWEST_FIRST = ("heartbeat", "started")
BY_ID = Order("worker_id", (Worker.worker_id.expression,))


@immutable
class WorkerRow:
    """One worker, and the run that it holds."""

    worker_id: str
    project_id: str
    worker_type: str
    status: str
    is_silent: bool
    hostname: str | None
    pid: int | None
    queue_name: str
    started_at: datetime
    last_activity: datetime
    expected_by: datetime | None
    stop_requested_at: datetime | None
    stopped_reason: str | None
    run_id: int | None
    ticket_id: str | None
    stage_number: int | None
    running_since: datetime | None
    title: str | None
    output_tail: str | None = None

    @property
    def shown_status(self) -> str:
        """One of `SHOWN_STATUSES`."""
        return "silent" if self.is_silent else self.status

    @property
    def has_ended(self) -> bool:
        """Whether it can't be asked to stop any more; one that is silent can."""
        return self.status in ("finished", "failed")

    @property
    def place(self) -> str:
        """Where the process runs: "build-01, pid 4711"."""
        pid = f"pid {self.pid}" if self.pid else ""
        return ", ".join(part for part in (self.hostname, pid) if part)


def worker_page(
    session: Session,
    visibility: Visibility,
    wanted: WorkerFilter,
    sort: str = "status",
    descending: bool = False,
    number: int = 1,
    size: int = PAGE_SIZE,
) -> Page[WorkerRow]:
    """One page of the wanted workers; sorted by status, the silent ones come first."""
    total = int(rows_of(session, _count(visibility, wanted)).scalar_one())
    statement = _page(visibility, wanted, sort, descending)
    found = rows_of(session, statement, number=size, offset=(number - 1) * size)
    return Page([WorkerRow(*row) for row in found], number, total, size)


def first_workers(session: Session, visibility: Visibility, size: int) -> list[WorkerRow]:
    """The workers to look at first: silent, failed lately, then those at work."""
    statement = _page(visibility, WorkerFilter(), "status", descending=False)
    return [WorkerRow(*row) for row in rows_of(session, statement, number=size, offset=0)]


@lru_cache(STATEMENTS_KEPT)
def _page(
    visibility: Visibility, wanted: WorkerFilter, sort: str, descending: bool
) -> Select[*tuple[Any, ...]]:
    order = _order(sort, descending)
    # Only those of the page are then read in full, with what each of them holds.
    chosen = (
        select(Worker.worker_id)
        .where(*wanted.conditions(), visibility.of(Worker.project_id))
        .order_by(*order)
        .limit(bindparam("number"))
        .offset(bindparam("offset"))
        .subquery("chosen")
    )
    return _rows().join(chosen, chosen.c.worker_id == Worker.worker_id).order_by(*order)


@lru_cache(STATEMENTS_KEPT)
def _count(visibility: Visibility, wanted: WorkerFilter) -> Select[int]:
    conditions = *wanted.conditions(), visibility.of(Worker.project_id)
    return select(number_of(select(Worker.worker_id).where(*conditions)))


def worker_slice(
    session: Session,
    visibility: Visibility,
    wanted: WorkerFilter,
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[WorkerRow], str | None]:
    """Some of the wanted workers by id, and the cursor for those that follow."""
    rows = _rows().where(*wanted.conditions(), visibility.of(Worker.project_id))
    found = take_slice(session, rows, BY_ID, cursor=cursor, limit=limit)
    return [WorkerRow(*tuple(row)[:-1]) for row in found.rows], found.next


def worker_row(session: Session, worker_id: str) -> WorkerRow:
    """One worker, with the last lines of its output; raises `NotFound`."""
    one = _rows().add_columns(Worker.output_tail).where(Worker.worker_id == worker_id)
    row = session.execute(one).first()
    if row is None:
        raise NotFound(f"There is no worker {worker_id}.")
    return WorkerRow(*row)


def count_by_status(session: Session, visibility: Visibility) -> dict[str, int]:
    """How many workers there are of each status, in the order of lists; none, no entry."""
    rows = rows_of(session, _counts_by_status(visibility))
    found: dict[str, int] = {status: number for status, number in rows}  # noqa: C416 - it has keys
    return {status: found[status] for status in STATUS_ORDER if status in found}


@lru_cache(STATEMENTS_KEPT)
def _counts_by_status(visibility: Visibility) -> Select[str, int]:
    shown = shown_status()
    is_wanted = is_current(), visibility.of(Worker.project_id)
    return select(shown, func.count()).where(*is_wanted).group_by(shown)


def list_version(session: Session, visibility: Visibility) -> str:
    """Changes with every heartbeat, start, claim and end, and when one is asked to stop."""
    return _version(rows_of(session, _list_version(visibility)).one())


@lru_cache(STATEMENTS_KEPT)
def _list_version(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    seen = visibility.of(Worker.project_id)
    return select(
        select(func.max(Worker.last_activity)).where(seen).scalar_subquery(),
        select(func.max(Worker.stop_requested_at))
        .where(Worker.has_live_status(), seen)
        .scalar_subquery(),
        select(func.max(Event.id)).where(visibility.of(Event.project_id)).scalar_subquery(),
    )


def page_version(session: Session, worker_id: str) -> str:
    """The same for one worker's page."""
    return _version(rows_of(session, PAGE_VERSION, worker_id=worker_id).first() or ())


PAGE_VERSION = select(
    Worker.last_activity,
    Worker.status,
    Worker.stop_requested_at,
    select(func.max(Event.id))
    .where(Event.worker_id == Worker.worker_id)
    .correlate(Worker)
    .scalar_subquery(),
).where(Worker.worker_id == bindparam("worker_id"))


def runs_of(
    session: Session, visibility: Visibility, worker_id: str, number: int, size: int = PAGE_SIZE
) -> Page[Any]:
    """One page of a worker's runs, newest first, each with its ticket's title.

    It may have worked for another project before, which the asker can't see.
    """
    mine = StageRun.worker_id == worker_id, visibility.of(Ticket.project_id)
    rows = session.execute(
        select(
            StageRun.run_id,
            StageRun.ticket_id,
            StageRun.worker_type,
            StageRun.stage_number,
            StageRun.attempt,
            StageRun.started_at,
            StageRun.lease_expires_at,
            StageRun.finished_at,
            StageRun.outcome,
            StageRun.reason,
            Ticket.title,
        )
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        .where(*mine)
        .order_by(StageRun.run_id.desc())
        .limit(size)
        .offset((number - 1) * size)
    ).all()
    counted = select(StageRun.run_id).where(*mine)
    if visibility != Visibility.everything():  # else an index alone answers
        counted = counted.join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
    return Page(rows, number, capped_count(session, counted), size)


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Worker.worker_id,
            Worker.project_id,
            Worker.worker_type,
            Worker.status,
            is_silent().label("is_silent"),
            Worker.hostname,
            Worker.pid,
            Worker.queue_name,
            Worker.started_at,
            Worker.last_activity,
            Worker.expected_by,
            Worker.stop_requested_at,
            Worker.stopped_reason,
            StageRun.run_id,
            StageRun.ticket_id,
            StageRun.stage_number,
            StageRun.started_at,
            Ticket.title,
        )
        .outerjoin(
            StageRun,
            and_(StageRun.worker_id == Worker.worker_id, StageRun.finished_at.is_(None)),
        )
        .outerjoin(Ticket, Ticket.ticket_id == StageRun.ticket_id)
    )


def _order(sort: str, descending: bool) -> list[ColumnElement[Any]]:
    places = {name: place for place, name in enumerate(STATUS_ORDER)}
    # Most of all workers are finished: of them nothing else is worked out.
    finished = Worker.status == "finished", places["finished"]
    status = case(finished, else_=case(places, value=shown_status()))
    columns: dict[str, ColumnElement[Any]] = {
        "status": status,
        "worker": Worker.worker_id.expression,
        "type": Worker.worker_type.expression,
        "heartbeat": Worker.last_activity.expression,
        "started": Worker.started_at.expression,
    }
    chosen = columns[sort].desc() if descending else columns[sort].asc()
    if sort == "status":
        return [chosen, Worker.last_activity.desc(), Worker.worker_id.asc()]
    return [chosen, Worker.worker_id.asc()]


def _version(parts: Any) -> str:
    texts = [part.isoformat() if isinstance(part, datetime) else str(part) for part in parts]
    return ".".join("".join(c for c in text if c.isalnum()) for text in texts)
