"""The run in progress: whoever works on the ticket now."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import WriteOnlyMapped, declared_attr, relationship

from app.actor import Actor
from app.errors import Invalid
from app.models.event import Details
from app.models.ticket.text import TicketText


class Run(Protocol):
    """What a ticket needs of a `StageRun`, which knows all of its ticket."""

    run_id: int
    ticket_id: str
    stage_number: int

    @property
    def doer(self) -> Actor:
        """Who does the run."""

    def require_current(self, report: str, said: str = "", actor: Actor | None = None) -> None:
        """Raise `RunNotCurrent` when the run is over."""

    def release(
        self, reason: str = "", actor: Actor | None = None, *, cause: str | None = None
    ) -> None:
        """Take the stage back; it costs no attempt."""


class TicketRuns(TicketText):
    """What is said at a stage, and taking a stage back from whoever holds it."""

    __abstract__ = True

    # SQLAlchemy's types forget that a `declared_attr` may be a write-only relationship.
    @declared_attr  # type: ignore[arg-type]
    @classmethod
    def runs(cls) -> WriteOnlyMapped[Run]:
        return relationship("StageRun", viewonly=True)

    @property
    def current_run(self) -> Run | None:
        """The unfinished run: whoever works on the ticket now."""
        return self.session.scalar(
            self.runs.select().filter_by(finished_at=None).execution_options(populate_existing=True)
        )

    def say_in_run(self, run: Run, content: str, actor: Actor | None = None) -> int:
        """Add a comment at the run's stage, by its worker unless it is another who says it; returns
        its number. Raises `RunNotCurrent`, `Invalid`."""
        if run.ticket_id != self.ticket_id:
            raise Invalid(f"Run {run.run_id} is at work on {run.ticket_id}.", "run_id")
        actor = actor or run.doer
        run.require_current("comment", content, actor)
        return self.say(content, actor, run_id=run.run_id, stage_number=run.stage_number)

    def wait_for_attention(
        self,
        actor: Actor,
        stage: str,
        reason: str | None,
        *,
        run_id: int | None = None,
        comment_id: int | None = None,
        details: Details | None = None,
    ) -> None:
        """Go on hold until a person answers; everyone's inbox shows it."""
        self.claimed_by = None
        self.state = "on_hold"
        self.record(
            "ticket_attention_requested",
            actor,
            stage=stage,
            reason=reason,
            run_id=run_id,
            comment_id=comment_id,
            details=details,
            needs_attention=True,
        )

    def _take_back(self, reason: str, actor: Actor, cause: str) -> int | None:
        """End the run in progress, if there is one, whose number is returned."""
        run = self.current_run
        if run is None:
            return None
        run.release(reason, actor, cause=cause)
        return run.run_id
