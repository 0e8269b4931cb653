"""Stage runs: one attempt of one worker, or of a person, at one stage. A worker's run is its claim.

`run_id` is the fencing token: every report names it, and a report on a run that is over is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app import clock
from app.actor import Actor
from app.columns import created, intpk
from app.errors import Conflict, Invalid, NotFound, RunNotCurrent
from app.extensions import Model
from app.models.backoff import backoff
from app.models.ticket import Ticket
from app.models.worker import Worker
from app.models.worker_type import WorkerType
from app.text import require_text

OUTCOMES = ("completed", "returned", "attention", "failed", "expired", "released")
TOLD_TO_LOSER = ("run_id", "ticket_id", "outcome", "reason", "finished_at")
UNFINISHED = text("finished_at IS NULL")


class StageRun(Model):
    """One attempt at one stage. At most one of a ticket, and of a worker, is unfinished."""

    __tablename__ = "stage_runs"
    __table_args__ = (
        CheckConstraint("stage_number >= 1", name="stage_number"),
        CheckConstraint("attempt >= 1", name="attempt"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        CheckConstraint("(finished_at IS NULL) = (outcome IS NULL)", name="finished"),
        Index(
            "uq_stage_runs_unfinished_ticket_id",
            "ticket_id",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index(
            "uq_stage_runs_unfinished_worker_id",
            "worker_id",
            unique=True,
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index(
            "ix_stage_runs_overdue",
            "lease_expires_at",
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index(None, "ticket_id", "run_id"),
        Index(None, "worker_id", "run_id"),
        Index(None, "finished_at"),
        Index(None, "outcome"),
        {"sqlite_autoincrement": True},
    )

    run_id: Mapped[intpk]
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.ticket_id", ondelete="CASCADE"))
    stage_number: Mapped[int]
    worker_type: Mapped[str]
    worker_id: Mapped[str | None] = mapped_column(
        ForeignKey("workers.worker_id", ondelete="SET NULL")
    )
    actor: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default="1")
    prompt_version: Mapped[int | None]
    started_at: Mapped[created]
    lease_expires_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]

    ticket: Mapped[Ticket] = relationship(viewonly=True)

    @classmethod
    def lock(cls, session: Session, run_id: int) -> Self:
        """The run with that number, its ticket held until the transaction ends. Or `NotFound`."""
        ticket_id = session.scalar(select(cls.ticket_id).where(cls.run_id == run_id))
        if ticket_id is None:
            raise NotFound(f"There is no run {run_id}.")
        ticket = Ticket.lock(session, ticket_id)
        run = session.get_one(cls, run_id, populate_existing=True)
        set_committed_value(run, "ticket", ticket)
        return run

    @classmethod
    def of_ticket(cls, session: Session, ticket_id: str) -> Self | None:
        """The ticket's unfinished run."""
        return session.scalar(
            select(cls)
            .where(cls.ticket_id == ticket_id, cls.finished_at.is_(None))
            .execution_options(populate_existing=True)
        )

    @classmethod
    def of_worker(cls, session: Session, worker_id: str) -> Self | None:
        """The run that the worker holds."""
        return session.scalar(
            select(cls)
            .where(cls.worker_id == worker_id, cls.finished_at.is_(None))
            .execution_options(populate_existing=True)
        )

    @classmethod
    def by_person(cls, ticket: Ticket, actor: Actor) -> Self:
        """A person takes the ticket's next stage in hand: a gate, or any stage no worker holds.

        It counts from when the stage became ready, because that is how long it waited for a person.
        """
        ticket.require_open()
        if ticket.claimed_by:
            raise Conflict(f"{ticket.ticket_id} is running at {ticket.claimed_by}; hold it first.")
        if ticket.open_blockers:
            raise Conflict(f"{ticket.ticket_id} waits for tickets that block it.")
        if ticket.is_plan_done:
            raise Conflict(f"Every stage of {ticket.ticket_id} is done.")
        run = cls(
            ticket_id=ticket.ticket_id,
            stage_number=ticket.completed_stages + 1,
            worker_type=ticket.stage_name(ticket.completed_stages + 1),
            actor=actor.label,
            attempt=ticket.failed_attempts + 1,
            started_at=min(ticket.ready_at, clock.now()),
        )
        ticket.session.add(run)
        ticket.session.flush()
        return run

    @property
    def is_current(self) -> bool:
        """Whether this is its ticket's unfinished run: whoever holds it may report."""
        return self.finished_at is None

    @property
    def doer(self) -> Actor:
        """Who does the run."""
        if self.worker_id:
            return Actor.worker(self.worker_id)
        return Actor.person(self.actor or "someone")

    def heartbeat(self, lease: timedelta) -> datetime:
        """Extend the lease; returns when it ends now. Raises `RunNotCurrent`."""
        if not self.is_current:
            raise self._refusal()
        self.lease_expires_at = clock.now() + lease
        return self.lease_expires_at

    def complete(self, comment: str = "") -> None:
        """The stage is done: keep the comment and move the ticket on, or close it at the end."""
        if self._is_repeated("completed"):
            return
        ticket = self.ticket
        self._say(comment)
        self._finish("completed")
        ticket.move_to(self.stage_number)
        ticket.resolve_attention(self.doer, "the stage was completed")
        ticket.record("ticket_stage_completed", self.doer, stage=self.worker_type)
        if ticket.is_plan_done:
            ticket.close("completed", self.doer)

    def send_back(self, to_stage: int, reason: str) -> None:
        """Give the ticket back to an earlier stage; the reason is a comment its worker reads."""
        if self._is_repeated("returned"):
            return
        if not 1 <= to_stage < self.stage_number:
            raise Invalid(
                f"Send it back to a stage from 1 to {self.stage_number - 1}."
                if self.stage_number > 1
                else "This is the first stage; there is none to send it back to.",
                "to_stage",
            )
        ticket = self.ticket
        reason = self._require_reason(reason)
        self._say(reason)
        self._finish("returned", reason)
        ticket.move_to(to_stage - 1)
        ticket.record(
            "ticket_stage_returned",
            self.doer,
            stage=self.worker_type,
            reason=f"to {ticket.stage_name(to_stage)}: {reason}",
        )

    def ask_attention(self, reason: str) -> None:
        """The worker can't go on without a person: the ticket goes on hold and says why."""
        if self._is_repeated("attention"):
            return
        reason = self._require_reason(reason)
        self._say(reason)
        self._finish("attention", reason)
        self.ticket.wait_for_attention(self.doer, self.worker_type, reason)

    def fail(self, reason: str) -> None:
        """The attempt failed: another follows after a pause, until none is left."""
        if self._is_repeated("failed"):
            return
        self._lose("failed", self._require_reason(reason), self.doer)

    def expire(self, reason: str, actor: Actor | None = None) -> None:
        """The worker is gone: the stage goes back to its queue at once, as a lost attempt."""
        self._lose("expired", reason, actor or Actor.system())

    def release(self, reason: str = "", actor: Actor | None = None) -> None:
        """Give the stage back unharmed; it costs no attempt. `actor`: who took it away, if not
        the one who held it."""
        if self._is_repeated("released"):
            return
        actor = actor or self.doer
        given = require_text(reason, "reason", Ticket.REASON_MAX) or None
        ticket = self.ticket
        self._finish("released", given)
        ticket.free()
        ticket.record(
            "ticket_stage_released",
            actor,
            stage=self.worker_type,
            reason=given,
            worker_id=self.worker_id,
        )

    def require_current(self, report: str) -> None:
        """Raise `RunNotCurrent`, and let the timeline tell of the attempt, when the run is over."""
        if self.is_current:
            return
        self.ticket.record(
            "ticket_report_refused",
            self.doer,
            stage=self.worker_type,
            reason=f"“{report}” for run {self.run_id}, which had ended as {self.outcome}",
        )
        raise self._refusal()

    def _refusal(self) -> RunNotCurrent:
        why = f"{self.outcome} ({self.reason})" if self.reason else self.outcome
        return RunNotCurrent(
            f"Run {self.run_id} is over: it ended as {why}. "
            f"Stop working on {self.ticket_id} and claim again.",
            details={name: getattr(self, name) for name in TOLD_TO_LOSER},
        )

    def _is_repeated(self, outcome: str) -> bool:
        """Whether the very same report came before: it is answered as the first time."""
        if self.outcome == outcome:
            return True
        self.require_current(outcome)
        return False

    def _require_reason(self, reason: str) -> str:
        reason = require_text(reason, "reason", Ticket.REASON_MAX)
        if not reason:
            raise Invalid("Say why, so that the next one knows what to do.", "reason")
        return reason

    def _say(self, comment: str) -> None:
        if comment.strip():
            self.ticket.say(comment, self.doer, run_id=self.run_id, stage_number=self.stage_number)

    def _lose(self, outcome: str, reason: str, actor: Actor) -> None:
        """End the run without a result, and give the stage another attempt if one is left."""
        ticket = self.ticket
        self._finish(outcome, reason)
        ticket.failed_attempts += 1
        ticket.free(backoff(ticket.failed_attempts) if outcome == "failed" else timedelta(0))
        ticket.record(
            "ticket_stage_failed",
            actor,
            stage=self.worker_type,
            reason=reason,
            worker_id=self.worker_id,
        )
        most = self._max_attempts()
        if ticket.failed_attempts >= most:
            why = f"{ticket.failed_attempts} of {most} attempts failed; the last: {reason}"
            ticket.wait_for_attention(actor, self.worker_type, why)

    def _max_attempts(self) -> int:
        role = WorkerType.named(self.session, self.ticket.project_id, self.worker_type)
        return role.max_attempts if role else WorkerType.MAX_ATTEMPTS_DEFAULT

    def _finish(self, outcome: str, reason: str | None = None) -> None:
        self.finished_at = clock.now()
        self.outcome = outcome
        self.reason = reason
        if self.worker_id:
            worker = Worker.lock(self.session, self.worker_id)
            if worker.status == "active":
                worker.status = "idle"
