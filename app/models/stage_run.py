"""Stage runs: one attempt of one worker, or of a person, at one stage. A worker's run is its claim.

`run_id` is the fencing token: every report names it, and a report on a run that is over is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self, Unpack, cast

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.changes import send_changes
from app.db.columns import bigint, created, intpk, now_when_sent
from app.db.indexes import partial_index
from app.errors import Conflict, Invalid, NotFound, RunNotCurrent
from app.models.event import Details, Event
from app.models.ticket import Ticket
from app.models.ticket.retries import backoff
from app.models.ticket.row import Facts
from app.models.worker import Worker
from app.models.worker_type import WorkerType
from app.text import excerpt, require_text

OUTCOMES = ("completed", "returned", "attention", "failed", "expired", "released")
FIRST_ANSWER = (
    "run_id",
    "ticket_id",
    "stage_number",
    "worker_type",
    "worker_id",
    "actor",
    "attempt",
    "started_at",
    "finished_at",
    "outcome",
    "reason",
)
"""What whoever reports on a run that is over is told of it."""
REFUSED_REPORTS_KEPT = 10
"""Different reports on one run that is over, of which the timeline tells; all are counted."""
REFUSED_TEXT_MAX = 2_000
"""Characters of each that it quotes."""
UNFINISHED = text("finished_at IS NULL")


class StageRun(Model):
    """One attempt at one stage. At most one of a ticket, and of a worker, is unfinished."""

    __tablename__ = "stage_runs"
    __table_args__ = (
        CheckConstraint("stage_number >= 1", name="stage_number"),
        CheckConstraint("attempt >= 1", name="attempt"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        CheckConstraint("(finished_at IS NULL) = (outcome IS NULL)", name="finished"),
        partial_index("uq_stage_runs_unfinished_ticket_id", UNFINISHED, "ticket_id", unique=True),
        partial_index("uq_stage_runs_unfinished_worker_id", UNFINISHED, "worker_id", unique=True),
        partial_index("ix_stage_runs_overdue", UNFINISHED, "lease_expires_at"),
        Index(None, "ticket_id", "run_id"),
        Index(None, "worker_id", "run_id"),
        Index(None, "finished_at"),
        Index(None, "outcome"),
        {"sqlite_autoincrement": True},
    )

    MISSING = "There is no run {}."

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
    lease_renewed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    report_digest: Mapped[str | None]
    """A hash of what the report said that ended the run: the same again is answered alike."""
    refused_reports: Mapped[int] = mapped_column(server_default="0")
    token_id: Mapped[bigint | None]
    """The API token that claimed: no other reports on the run. The number stays, whatever becomes
    of the token."""

    ticket: Mapped[Ticket] = relationship(viewonly=True)

    @classmethod
    def lock(cls, session: Session, run_id: int) -> Self:
        """The run with that number, its ticket held until the transaction ends. Or `NotFound`."""
        found = session.execute(_LOCK, {"run": run_id}).first()
        if found is None:
            raise NotFound(cls.MISSING.format(run_id))
        run, ticket = found
        set_committed_value(run, "ticket", ticket)
        return cast("Self", run)

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
        name = ticket.stage_name(ticket.completed_stages + 1)
        if role := WorkerType.named(ticket.session, ticket.project_id, name):
            role.require_approver(actor)
        run = cls(
            ticket_id=ticket.ticket_id,
            stage_number=ticket.completed_stages + 1,
            worker_type=name,
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
        self.lease_renewed_at = clock.now()
        self.lease_expires_at = self.lease_renewed_at + lease
        return self.lease_expires_at

    @classmethod
    def renewed_later(cls) -> ColumnElement[bool]:
        """The condition for a lease that was last extended later than now: the clock was set back
        since, and the lease would last that much longer."""
        return cls.lease_renewed_at > now_when_sent(clock.SKEW)

    def restart_lease(self) -> None:
        """Let the lease last its length from now, because the clock was set back."""
        if self.lease_expires_at and self.lease_renewed_at:
            self.heartbeat(self.lease_expires_at - self.lease_renewed_at)

    def complete(self, comment: str = "", actor: Actor | None = None) -> None:
        """The stage is done: keep the comment and move the ticket on, or close it at the end.

        `actor`, of each report: who makes it, if not the one who does the run.
        """
        if self._is_repeated("completed", comment, actor):
            return
        actor = actor or self.doer
        ticket = self.ticket
        said = self._say(comment, actor)
        self._finish("completed")
        ticket.move_to(self.stage_number)
        approved = {"approved": True} if self._is_at_gate() else None
        completed = self._event("ticket_stage_completed", actor, comment_id=said, details=approved)
        if ticket.is_plan_done:
            ticket.close("completed", actor, because=completed)
        else:
            ticket.record_all([completed])
        self._send()

    def send_back(self, to_stage: int, reason: str, actor: Actor | None = None) -> None:
        """Give the ticket back to an earlier stage; the reason is a comment its worker reads."""
        if self._is_repeated("returned", reason, actor, to_stage):
            return
        if not 1 <= to_stage < self.stage_number:
            raise Invalid(
                f"Send it back to a stage from 1 to {self.stage_number - 1}."
                if self.stage_number > 1
                else "This is the first stage; there is none to send it back to.",
                "to_stage",
            )
        actor = actor or self.doer
        ticket = self.ticket
        reason = self._require_reason(reason)
        said = self._say(reason, actor)
        self._finish("returned", reason)
        ticket.move_to(to_stage - 1)
        to = {"to_stage": to_stage, "to_worker_type": ticket.stage_name(to_stage)}
        self._record("ticket_stage_returned", actor, reason=reason, comment_id=said, details=to)
        self._send()

    def ask_attention(self, reason: str, actor: Actor | None = None) -> None:
        """The worker can't go on without a person: the ticket goes on hold and says why."""
        if self._is_repeated("attention", reason, actor):
            return
        actor = actor or self.doer
        reason = self._require_reason(reason)
        said = self._say(reason, actor)
        self._finish("attention", reason)
        self.ticket.wait_for_attention(
            actor, self.worker_type, reason, run_id=self.run_id, comment_id=said
        )
        self._send()

    def fail(self, reason: str, actor: Actor | None = None) -> None:
        """The attempt failed: another follows after a pause, until none is left."""
        if self._is_repeated("failed", reason, actor):
            return
        self._lose("failed", self._require_reason(reason), actor or self.doer)
        self._send()

    def expire(self, reason: str, actor: Actor | None = None, *, cause: str | None = None) -> None:
        """The worker is gone: the stage goes back to its queue at once, as a lost attempt.

        `cause`, here and below: the name that the event gives to a reason which nobody wrote.
        """
        self._lose("expired", reason, actor or Actor.system(), cause)

    def release(
        self, reason: str = "", actor: Actor | None = None, *, cause: str | None = None
    ) -> None:
        """Give the stage back unharmed, or take it away; it costs no attempt."""
        if self._is_repeated("released", reason, actor):
            return
        given = require_text(reason, "reason", Ticket.REASON_MAX) or None
        self._finish("released", given)
        self.ticket.free()
        self._record("ticket_stage_released", actor or self.doer, cause, reason=given)

    def require_current(
        self,
        report: str,
        said: str = "",
        actor: Actor | None = None,
        to_stage: int | None = None,
    ) -> None:
        """Raise `RunNotCurrent` when the run is over, and let the timeline tell what was said."""
        if self.is_current:
            return
        facts: dict[str, Any] = {"report": report, "run_outcome": self.outcome}
        if to_stage is not None:
            facts["to_stage"] = to_stage
        self._keep_refused(facts, said, actor or self.doer)
        raise self._refusal(report)

    def _is_repeated(
        self, outcome: str, said: str, actor: Actor | None, to_stage: int | None = None
    ) -> bool:
        """Whether the very same report came before: it is answered as the first time. Raises
        `RunNotCurrent` for any other, once the run is over."""
        report = f"to stage {to_stage}: {said}" if to_stage is not None else said
        digest = sha256(report.strip().encode("utf-8", "surrogatepass")).hexdigest()
        if self.is_current:
            self.report_digest = digest
            return False
        if self.outcome == outcome and self.report_digest in (None, digest):
            return True
        self.require_current(outcome, said, actor, to_stage)
        return False

    def _refusal(self, report: str = "") -> RunNotCurrent:
        why = f"{self.outcome} ({self.reason})" if self.reason else self.outcome
        if report == self.outcome:
            told = f"Run {self.run_id} was reported before, in other words: it ended as {why}. "
        else:
            told = f"Run {self.run_id} is over: it ended as {why}. "
        return RunNotCurrent(
            f"{told}Stop working on {self.ticket_id} and claim again.",
            details={name: getattr(self, name) for name in FIRST_ANSWER},
        )

    def _keep_refused(self, facts: Details, said: str, actor: Actor) -> None:
        """Let the timeline tell of the report, unless it does so already or has told of many."""
        self.refused_reports += 1
        reason = excerpt(said, REFUSED_TEXT_MAX) if said.strip() else None
        kept = self.session.execute(
            select(Event.details, Event.reason).where(
                Event.ticket_id == self.ticket_id,
                Event.event_type == "ticket_report_refused",
                Event.run_id == self.run_id,
            )
        ).all()
        is_kept = any(row.details == facts and row.reason == reason for row in kept)
        if not is_kept and len(kept) < REFUSED_REPORTS_KEPT:
            self._record("ticket_report_refused", actor, reason=reason, details=facts)

    def _require_reason(self, reason: str) -> str:
        reason = require_text(reason, "reason", Ticket.REASON_MAX)
        if not reason:
            raise Invalid("Say why, so that the next one knows what to do.", "reason")
        return reason

    def _say(self, comment: str, actor: Actor) -> int | None:
        if not comment.strip():
            return None
        return self.ticket.say(comment, actor, run_id=self.run_id, stage_number=self.stage_number)

    def _record(
        self, event_type: str, actor: Actor, cause: str | None = None, **facts: Unpack[Facts]
    ) -> None:
        self.ticket.record_all([self._event(event_type, actor, cause, **facts)])

    def _event(
        self, event_type: str, actor: Actor, cause: str | None = None, **facts: Unpack[Facts]
    ) -> dict[str, Any]:
        facts["stage"] = self.worker_type
        facts["worker_id"], facts["run_id"] = self.worker_id, self.run_id
        if cause:
            facts["reason"], facts["details"] = None, {"cause": cause}
        return self.ticket.event(event_type, actor, **facts)

    def _lose(self, outcome: str, reason: str, actor: Actor, cause: str | None = None) -> None:
        """End the run without a result, and give the stage another attempt if one is left."""
        ticket = self.ticket
        self._finish(outcome, reason)
        ticket.failed_attempts += 1
        ticket.free(backoff(ticket.failed_attempts) if outcome == "failed" else timedelta(0))
        self._record("ticket_stage_failed", actor, cause, reason=reason)
        role = self._role()
        most = role.max_attempts if role else WorkerType.MAX_ATTEMPTS_DEFAULT
        if ticket.failed_attempts >= most:
            attempts = {"failed_attempts": ticket.failed_attempts, "max_attempts": most}
            ticket.wait_for_attention(
                actor,
                self.worker_type,
                None if cause else reason,
                run_id=self.run_id,
                details=attempts | ({"cause": cause} if cause else {}),
            )

    def _is_at_gate(self) -> bool:
        """Whether a person lets the ticket pass a stage that only people perform."""
        role = None if self.worker_id else self._role()
        return role is not None and role.is_gate

    def _role(self) -> WorkerType | None:
        return WorkerType.named(self.session, self.ticket.project_id, self.worker_type)

    def _finish(self, outcome: str, reason: str | None = None) -> None:
        self.finished_at = clock.now()
        self.outcome = outcome
        self.reason = reason
        if self.worker_id:
            Worker.rest(self.session, self.worker_id)

    def _send(self) -> None:
        """The end of a report. The database tells which stage is the ticket's current one now."""
        send_changes(self.session, self, self.ticket)


# Both are locked, so that both are read anew after a wait: first the ticket, as everywhere.
_LOCK = (
    select(StageRun, Ticket)
    .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
    .where(StageRun.run_id == bindparam("run"))
    .with_for_update(of=[Ticket, StageRun], key_share=True)
    .execution_options(populate_existing=True)
)
