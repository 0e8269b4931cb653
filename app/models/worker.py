"""Workers: processes that take stages, known by their heartbeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, now_when_sent, utcnow
from app.db.plans import seldom
from app.errors import Conflict, Invalid, NotFound
from app.models.api_token import ApiToken
from app.models.audit import AuditEntry
from app.models.event import Details, Event
from app.models.project import Project
from app.models.worker_type import WorkerType
from app.text import optional_line, require_name, require_text, without_control

STATUSES = ("spawning", "active", "idle", "finished", "failed")
LIVE_STATUSES = ("spawning", "active", "idle")


class Worker(Model):
    """One process that performs one worker type's stages of one project, one run at a time."""

    __tablename__ = "workers"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        Index(None, "project_id", "worker_type", "status"),
        Index(None, "status", "expected_by"),
        Index(None, "last_activity"),
    )

    MISSING = "There is no worker {}. Register it first."
    ID_MAX = 128
    HOSTNAME_MAX = 255
    REASON_MAX = 1_000
    OUTPUT_TAIL_MAX = 8_000

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    worker_type: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="spawning")
    pid: Mapped[int | None]
    queue_name: Mapped[str] = mapped_column(server_default="")
    hostname: Mapped[str | None]
    started_at: Mapped[created]
    last_activity: Mapped[datetime] = mapped_column(server_default=utcnow())
    expected_by: Mapped[datetime | None]
    stop_requested_at: Mapped[datetime | None]
    stopped_reason: Mapped[str | None]
    output_tail: Mapped[str | None]
    token_id: Mapped[bigint | None]
    """The API token that registered it: no other speaks for it. The number stays, whatever becomes
    of the token."""

    @classmethod
    def register(
        cls,
        session: Session,
        *,
        worker_id: str,
        project_id: str,
        worker_type: str,
        hostname: str | None = None,
        pid: int | None = None,
        token_id: int | None = None,
        actor: Actor | None = None,
        may_take_over: bool = False,
    ) -> Self:
        """Put a process on the board.

        The same id from the same host and pid is the same worker again, whatever became of it;
        from another process it is a `Conflict`, until the worker that has it is over.

        It is bound to the token that registers it. While it lives no other token registers it
        again, unless the one it is bound to is no longer good, or the other `may_take_over`;
        `actor` is who did.
        """
        worker_id = require_name(worker_id, "worker_id", cls.ID_MAX)
        hostname = optional_line(hostname, "hostname", cls.HOSTNAME_MAX)
        role = cls._require_role(session, project_id, worker_type)
        worker = session.get(
            cls, worker_id, populate_existing=True, with_for_update={"key_share": True}
        )
        if worker is None:
            worker = cls(worker_id=worker_id, status="idle")
            session.add(worker)
        else:
            worker._require_same_process(project_id, worker_type, hostname, pid)
            worker._pass_to(token_id, actor, may_take_over=may_take_over)
        worker.token_id = token_id
        worker.project_id, worker.worker_type = project_id, worker_type
        worker.queue_name = cls.queue_of(project_id, worker_type)
        worker.hostname, worker.pid = hostname, pid
        worker._start(timedelta(seconds=role.lease_seconds))
        return worker

    @staticmethod
    def queue_of(project_id: str, worker_type: str) -> str:
        """The name of the queue that a worker takes its tickets from."""
        return f"{project_id}/{worker_type}"

    @property
    def is_live(self) -> bool:
        """Whether the process is believed to run."""
        return self.status in LIVE_STATUSES

    @classmethod
    def has_live_status(cls) -> ColumnElement[bool]:
        """The condition for a worker that has not ended, as far as anyone knows."""
        return seldom(cls.status.in_(LIVE_STATUSES))

    @classmethod
    def silent(cls, grace: timedelta = timedelta(0)) -> ColumnElement[bool]:
        """The condition for a live worker that was not heard of when it should have been, nor
        within that time after it."""
        lease = timedelta(seconds=WorkerType.LEASE_SECONDS_DEFAULT)
        never_told = and_(
            cls.expected_by.is_(None), cls.last_activity <= now_when_sent(-lease - grace)
        )
        is_late = or_(cls.expected_by <= now_when_sent(-grace), never_told)
        return and_(cls.has_live_status(), is_late)

    @classmethod
    def heard_of_later(cls) -> ColumnElement[bool]:
        """The condition for a live worker that was last heard of later than now: the clock was set
        back since."""
        return and_(cls.has_live_status(), cls.last_activity > now_when_sent(clock.SKEW))

    def restart_lease(self) -> None:
        """Count its silence from now, because the clock was set back."""
        now = clock.now()
        if self.expected_by is not None:
            self.expected_by = now + (self.expected_by - self.last_activity)
        self.last_activity = now

    def touch(self, lease: timedelta) -> None:
        """Note a sign of life; the next is due within the lease. A worker given up as failed is
        itself again."""
        self.last_activity = clock.now()
        self.expected_by = self.last_activity + lease
        if self.status == "failed":
            self._announce("heard_of_again")
        if self.status in ("spawning", "failed"):
            self.status = "idle"
            self.stopped_reason = None

    @classmethod
    def rest(cls, session: Session, worker_id: str) -> None:
        """The run that it held is over: it is idle, unless it became something else meanwhile."""
        session.connection().execute(_REST, {"resting": worker_id})
        known = session.identity_map.get(identity_key(cls, worker_id))
        if known is not None and known.status == "active":
            set_committed_value(known, "status", "idle")

    def show_output(self, tail: str) -> None:
        """Keep the last lines of what it writes, for people who want to see what it does."""
        text, _ = without_control(tail)
        self.output_tail = require_text(text, "output_tail", self.OUTPUT_TAIL_MAX)

    def ask_to_stop(self, actor: Actor) -> None:
        """Ask the process to stop; its next heartbeat tells it. Asking twice is asking once."""
        self._require_live()
        if self.stop_requested_at is None:
            self.stop_requested_at = clock.now()
            AuditEntry.record(
                self.session,
                "worker_asked_to_stop",
                actor,
                subject=self.worker_id,
                project_id=self.project_id,
            )

    def finish(
        self, actor: Actor, reason: str | None = None, *, needs_attention: bool = False
    ) -> None:
        """The process ended in order. Any run it held was given back before (see pipeline)."""
        if self.status == "finished":
            return
        reason = require_text(reason or "", "reason", self.REASON_MAX)
        cause = None if reason else {"cause": "finished"}
        self._end("finished", reason or "it finished", actor, cause, needs_attention)

    def fail(self, actor: Actor, reason: str, details: Details | None = None) -> None:
        """The process is gone without a word: silent too long, or declared dead by a person.

        `details`: what the event tells instead of a reason that nobody wrote.
        """
        self._require_live()
        # Whoever declared it dead knows.
        self._end("failed", reason, actor, details, needs_attention=actor.kind == "system")

    def _start(self, lease: timedelta) -> None:
        self.stop_requested_at = None
        self.stopped_reason = None
        if not self.is_live or self.started_at is None:
            self.status = "idle"
            self.started_at = clock.now()
            self._announce()
        self.touch(lease)

    def _announce(self, cause: str | None = None, actor: Actor | None = None) -> None:
        actor = actor or Actor.worker(self.worker_id)
        self._record("worker_started", actor, details={"cause": cause} if cause else None)

    def _require_same_process(
        self, project_id: str, worker_type: str, hostname: str | None, pid: int | None
    ) -> None:
        same = (self.hostname, self.pid) == (hostname, pid)
        if self.is_live and not same:
            raise Conflict(
                f"{self.worker_id} is already a live worker on {self.hostname or 'another host'} "
                f"(pid {self.pid}). Choose another worker_id, or declare that one dead first.",
                "worker_id",
            )
        if self.is_live and (self.project_id, self.worker_type) != (project_id, worker_type):
            raise Conflict(
                f"{self.worker_id} already works at {self.queue_name}. Stop it first, "
                "or register under another worker_id.",
                "worker_id",
            )

    def _pass_to(self, token_id: int | None, actor: Actor | None, *, may_take_over: bool) -> None:
        """Let another token have it, and say so, if it lives. Or `Conflict`."""
        if not self.is_live or self.token_id in (None, token_id):
            return
        holder = self.session.get(ApiToken, self.token_id)
        if holder and holder.is_good and not may_take_over:
            raise Conflict(
                f"{self.worker_id} was registered with another token, {holder.name}. Use that "
                "one, choose another worker_id, or stop that worker first.",
                "worker_id",
            )
        self._announce("other_token", actor)

    @staticmethod
    def _require_role(session: Session, project_id: str, worker_type: str) -> WorkerType:
        Project.get(session, project_id).require_active()
        role = WorkerType.named(session, project_id, worker_type)
        if role is None:
            known = session.scalars(
                select(WorkerType.worker_type)
                .where(WorkerType.project_id == project_id, ~WorkerType.is_gate)
                .order_by(WorkerType.worker_type)
            )
            has = ", ".join(known) or "none that a worker performs"
            raise NotFound(
                f"{project_id} has no worker type {worker_type}. It has {has}.", "worker_type"
            )
        if role.is_gate:
            raise Invalid(
                f"{worker_type} is performed by a person; no worker can take its stages.",
                "worker_type",
            )
        return role

    def _require_live(self) -> None:
        if not self.is_live:
            raise Conflict(f"{self.worker_id} is already {self.status}.")

    def _end(
        self,
        status: str,
        reason: str,
        actor: Actor,
        details: Details | None,
        needs_attention: bool,
    ) -> None:
        self.status = status
        self.stopped_reason = reason[: self.REASON_MAX]
        self._record(
            "worker_stopped",
            actor,
            reason=None if details else reason,
            details=details,
            needs_attention=needs_attention,
        )

    def _record(
        self,
        event_type: str,
        actor: Actor,
        *,
        reason: str | None = None,
        details: Details | None = None,
        needs_attention: bool = False,
    ) -> None:
        self.session.add(
            Event(
                event_type=event_type,
                project_id=self.project_id,
                worker_id=self.worker_id,
                stage=self.worker_type,
                reason=reason,
                details=dict(details or {}),
                actor=actor.label,
                needs_attention=needs_attention,
                created_at=clock.now(),
            )
        )


_REST = (
    update(Worker)
    .where(Worker.worker_id == bindparam("resting"), Worker.status == "active")
    .values(status="idle")
)
