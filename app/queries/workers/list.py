"""Workers as lists show them: what each is, what it does now, and when it was last heard of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.errors import NotFound
from app.models import Event, StageRun, Ticket, Worker
from app.models.worker import LIVE_STATUSES, STATUSES
from app.queries.paging import PAGE_SIZE, Page, capped_count
from app.visibility import Visibility

SHOWN_STATUSES = ("silent", *STATUSES)
"""What a worker's pill may say. `silent`: live as far as anyone knows, but overdue."""

FAILED_SHOWN_FOR = timedelta(days=1)
"""Older failures are folded away with the finished: nobody waits for news of them."""

STATUS_ORDER = ("silent", "failed", "active", "spawning", "idle", "finished")
SORTS = ("status", "worker", "type", "heartbeat", "started")
NEWEST_FIRST = ("heartbeat", "started")


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker, and the run that it holds."""

    worker_id: str
    project_id: str
    worker_type: str
    status: str
    hostname: str | None
    pid: int | None
    started_at: datetime
    last_activity: datetime
    stop_requested_at: datetime | None
    stopped_reason: str | None
    run_id: int | None
    ticket_id: str | None
    stage_number: int | None
    running_since: datetime | None
    title: str | None
    output_tail: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether the process may still run."""
        return self.status not in ("finished", "failed")

    @property
    def place(self) -> str:
        """Where the process runs: "build-01, pid 4711"."""
        pid = f"pid {self.pid}" if self.pid else ""
        return ", ".join(part for part in (self.hostname, pid) if part)


@dataclass(frozen=True, slots=True)
class WorkerFilter:
    """Which workers are wanted; without a status, those that someone may care about now."""

    project: str = ""
    worker_type: str = ""
    status: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.project or self.worker_type or self.status)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter for a `where`."""
        found: list[ColumnElement[bool]] = []
        if self.project:
            found.append(Worker.project_id == self.project)
        if self.worker_type:
            found.append(Worker.worker_type == self.worker_type)
        if self.status != "all":
            found.append(_status_is(self.status) if self.status else _is_current())
        return found


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
    conditions = *wanted.conditions(), visibility.of(Worker.project_id)
    rows = _rows().where(*conditions).order_by(*_order(sort, descending))
    found = session.execute(rows.limit(size).offset((number - 1) * size))
    total = capped_count(session, select(Worker.worker_id).where(*conditions))
    return Page([WorkerRow(*row) for row in found], number, total, size)


def first_workers(session: Session, visibility: Visibility, size: int) -> list[WorkerRow]:
    """The workers to look at first: silent, failed lately, then those at work."""
    is_wanted = _is_current(), visibility.of(Worker.project_id)
    rows = _rows().where(*is_wanted).order_by(*_order("status", descending=False)).limit(size)
    return [WorkerRow(*row) for row in session.execute(rows)]


def require_row(session: Session, worker_id: str) -> WorkerRow:
    """One worker as the lists show it; raises `NotFound`."""
    one = _rows().add_columns(Worker.output_tail).where(Worker.worker_id == worker_id)
    row = session.execute(one).first()
    if row is None:
        raise NotFound(f"There is no worker {worker_id}.")
    return WorkerRow(*row)


def count_by_status(session: Session, visibility: Visibility) -> dict[str, int]:
    """How many workers there are of each status, in the order of lists; none, no entry."""
    shown = _shown_status()
    is_wanted = _is_current(), visibility.of(Worker.project_id)
    counts = session.execute(select(shown, func.count()).where(*is_wanted).group_by(shown))
    found: dict[str, int] = {row[0]: row[1] for row in counts}
    return {status: found[status] for status in STATUS_ORDER if status in found}


def list_version(session: Session, visibility: Visibility) -> str:
    """Changes with every heartbeat, start, claim and end, and when one is asked to stop."""
    seen = visibility.of(Worker.project_id)
    parts = session.execute(
        select(
            select(func.max(Worker.last_activity)).where(seen).scalar_subquery(),
            select(func.max(Worker.stop_requested_at))
            .where(Worker.status.in_(LIVE_STATUSES), seen)
            .scalar_subquery(),
            select(func.max(Event.id)).where(visibility.of(Event.project_id)).scalar_subquery(),
        )
    ).one()
    return _version(parts)


def page_version(session: Session, worker_id: str) -> str:
    """The same for one worker's page."""
    parts = session.execute(
        select(
            Worker.last_activity,
            Worker.status,
            Worker.stop_requested_at,
            select(func.max(Event.id))
            .where(Event.worker_id == Worker.worker_id)
            .correlate(Worker)
            .scalar_subquery(),
        ).where(Worker.worker_id == worker_id)
    ).first()
    return _version(parts or ())


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
            _shown_status(),
            Worker.hostname,
            Worker.pid,
            Worker.started_at,
            Worker.last_activity,
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


def _shown_status() -> ColumnElement[str]:
    return case((Worker.silent_since(clock.now()), "silent"), else_=Worker.status).label("shown")


def _status_is(status: str) -> ColumnElement[bool]:
    silent = Worker.silent_since(clock.now())
    if status == "silent":
        return silent
    if status in LIVE_STATUSES:
        return and_(Worker.status == status, not_(silent))
    return Worker.status == status


def _is_current() -> ColumnElement[bool]:
    lately = Worker.last_activity >= clock.now() - FAILED_SHOWN_FOR
    return or_(Worker.status.in_(LIVE_STATUSES), and_(Worker.status == "failed", lately))


def _order(sort: str, descending: bool) -> list[ColumnElement[Any]]:
    status = case({name: place for place, name in enumerate(STATUS_ORDER)}, value=_shown_status())
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
